"""Who wrote what and who decided what, over the API."""

from difflib import unified_diff
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked
from accounts.scope import Deed
from drafts.api.finding import find_draft
from drafts.models import DraftRevision
from drafts.serializers import DecisionSerializer, RevisionSerializer
from events.wire import PageQuery, Pagination, StrictSerializer, short_page

DIFF_LINES_LIMIT = 2_000


class HistoryQuery(StrictSerializer, PageQuery):
    """Which part of a draft's history to list."""


class RevisionPage(serializers.Serializer[Any]):
    """The revisions of a draft (for the schema)."""

    revisions = RevisionSerializer(many=True)
    pagination = Pagination()


class DecisionPage(serializers.Serializer[Any]):
    """The decisions on a draft (for the schema)."""

    decisions = DecisionSerializer(many=True)
    pagination = Pagination()


def difference(before: DraftRevision | None, after: DraftRevision) -> str:
    """The text's unified diff; "" where nothing changed or it is too long to compare."""
    if before is None:
        return ""
    old, new = before.plain_body.split("\n"), after.plain_body.split("\n")
    if len(old) + len(new) > DIFF_LINES_LIMIT:
        return ""
    names = f"revision {before.sequence}", f"revision {after.sequence}"
    return "\n".join(unified_diff(old, new, *names, lineterm=""))


class Revisions(ApiView):
    """GET /v1/inboxes/{inbox_id}/drafts/{draft_id}/revisions"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="listRevisions",
        tags=["drafts"],
        parameters=[HistoryQuery],
        responses=RevisionPage,
    )
    def get(self, request: ApiRequest, inbox_id: str, draft_id: UUID) -> Response:
        """Every revision, first to last. The first is what its author wrote, for ever."""
        draft = find_draft(request.auth, inbox_id, draft_id)
        asked(request, HistoryQuery)
        revisions = draft.revisions.select_related("parent").order_by("sequence")

        def shown(rows: list[DraftRevision]) -> Any:
            for row in rows:
                row.diff = difference(row.parent, row)  # type: ignore[attr-defined]
            return RevisionSerializer(rows, many=True).data

        return Response(short_page(request, revisions, plural="revisions", serialize=shown))


class Decisions(ApiView):
    """GET /v1/inboxes/{inbox_id}/drafts/{draft_id}/decisions"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="listDecisions",
        tags=["drafts"],
        parameters=[HistoryQuery],
        responses=DecisionPage,
    )
    def get(self, request: ApiRequest, inbox_id: str, draft_id: UUID) -> Response:
        """Every decision, first to last; each with what people had changed until then."""
        draft = find_draft(request.auth, inbox_id, draft_id)
        asked(request, HistoryQuery)
        first = draft.revisions.filter(sequence=1).first()
        decisions = draft.decisions.select_related("revision").order_by("created_at", "id")

        def shown(rows: list[Any]) -> Any:
            for row in rows:
                row.diff = difference(first, row.revision)
            return DecisionSerializer(rows, many=True).data

        return Response(short_page(request, decisions, plural="decisions", serialize=shown))
