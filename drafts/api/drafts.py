"""Drafts over the API: propose, read, change, take back."""

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked, given, nothing_asked, once_named
from accounts.scope import Deed
from drafts import review
from drafts.api.bodies import (
    DraftBody,
    DraftPage,
    DraftPatch,
    DraftQuery,
    changes_of,
    given_of,
)
from drafts.api.finding import (
    IF_MATCH,
    REFUSED,
    answer,
    find_draft,
    version_of,
)
from drafts.api.forms import JSON_OR_FORM, DraftForm, written
from drafts.models import Draft, DraftQuerySet
from drafts.serializers import DraftSerializer
from events.errors import Missing
from events.wire import NoBody, page
from inboxes.reach import find_inbox, find_message


def listed(request: ApiRequest, drafts: DraftQuerySet) -> Response:
    """A page of drafts, newest first, by the filters of the query."""
    query = asked(request, DraftQuery)
    wanted = query.get("status") or list(Draft.OPEN)
    drafts = drafts.filter(status__in=wanted)
    if thread_id := query.get("threadId"):
        drafts = drafts.filter(thread_id=thread_id)
    if category := query.get("category"):
        drafts = drafts.filter(category=category)
    return Response(
        page(
            request,
            drafts.whole(),
            plural="drafts",
            serialize=lambda rows: list(DraftSerializer(rows, many=True).data),
        )
    )


class InboxDrafts(ApiView):
    """GET and POST /v1/inboxes/{inbox_id}/drafts"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "POST": "draft"}
    parser_classes = JSON_OR_FORM

    @extend_schema(
        operation_id="listDrafts", tags=["drafts"], parameters=[DraftQuery], responses=DraftPage
    )
    def get(self, request: ApiRequest, inbox_id: str) -> Response:
        """Drafts of an inbox, newest first; those that are open, unless asked otherwise."""
        inbox = find_inbox(request.auth, inbox_id)
        return listed(request, Draft.objects.filter(inbox=inbox))

    @extend_schema(
        operation_id="createDraft",
        tags=["drafts"],
        request={"application/json": DraftBody, "multipart/form-data": DraftForm},
        responses={201: DraftSerializer},
    )
    def post(self, request: ApiRequest, inbox_id: str) -> HttpResponseBase:
        """Propose a mail. On a thread with an open draft of yours it becomes its next revision."""
        inbox = find_inbox(request.auth, inbox_id, "draft")
        body = written(request, DraftBody)
        parent_id = body.get("replyToMessageId")
        parent = find_message(inbox, parent_id) if parent_id else None

        def create() -> Response:
            draft = review.create(
                inbox,
                by=request.auth,
                reply_to_message=parent,
                submit=body["submit"],
                **given_of(body),
            )
            return answer(draft, status=201)

        return once_named(request, f"inbox:{inbox.pk}", body, create)


class OneDraft(ApiView):
    """GET, PATCH and DELETE /v1/inboxes/{inbox_id}/drafts/{draft_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "PATCH": "draft", "DELETE": "draft"}

    @extend_schema(operation_id="getDraft", tags=["drafts"], responses=DraftSerializer)
    def get(self, request: ApiRequest, inbox_id: str, draft_id: UUID) -> Response:
        """A draft with the revision that counts. Its version is the ETag."""
        return answer(find_draft(request.auth, inbox_id, draft_id))

    @extend_schema(
        operation_id="changeDraft",
        tags=["drafts"],
        parameters=[IF_MATCH],
        request=DraftPatch,
        responses=DraftSerializer,
    )
    def patch(self, request: ApiRequest, inbox_id: str, draft_id: UUID) -> Response:
        """Change what is named. A body that is given alone makes the other one anew."""
        draft = find_draft(request.auth, inbox_id, draft_id, "draft")
        changes = changes_of(given(request.data, DraftPatch))
        version = version_of(request)
        return answer(review.revise(draft, by=request.auth, changes=changes, version=version))

    @extend_schema(
        operation_id="deleteDraft",
        tags=["drafts"],
        parameters=[IF_MATCH],
        responses={204: None, 409: REFUSED},
    )
    def delete(self, request: ApiRequest, inbox_id: str, draft_id: UUID) -> Response:
        """Withdraw it. It stays, closed, as a record."""
        draft = find_draft(request.auth, inbox_id, draft_id, "draft")
        review.withdraw(draft, by=request.auth, version=version_of(request))
        return Response(status=204)


class AllDrafts(ApiView):
    """GET /v1/drafts"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="listAllDrafts", tags=["drafts"], parameters=[DraftQuery], responses=DraftPage
    )
    def get(self, request: ApiRequest) -> Response:
        """Drafts of every inbox that the key reaches, newest first."""
        within = Draft.objects.within(request.auth).filter(inbox__deleted_at=None)
        return listed(request, within)


class AnyDraft(ApiView):
    """GET /v1/drafts/{draft_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(operation_id="getAnyDraft", tags=["drafts"], responses=DraftSerializer)
    def get(self, request: ApiRequest, draft_id: UUID) -> Response:
        """A draft of any inbox in reach."""
        within = Draft.objects.whole().within(request.auth).filter(inbox__deleted_at=None)
        draft = within.filter(pk=draft_id).first()
        if draft is None:
            raise Missing
        return answer(draft)


class SubmitDraft(ApiView):
    """POST /v1/inboxes/{inbox_id}/drafts/{draft_id}/submit"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "draft"}

    @extend_schema(
        operation_id="submitDraft",
        tags=["drafts"],
        parameters=[IF_MATCH],
        request=NoBody,
        responses=DraftSerializer,
    )
    def post(self, request: ApiRequest, inbox_id: str, draft_id: UUID) -> Response:
        """Say that it is ready: from now on it waits for review."""
        draft = find_draft(request.auth, inbox_id, draft_id, "draft")
        nothing_asked(request)
        return answer(review.submit(draft, by=request.auth, version=version_of(request)))


class WithdrawDraft(ApiView):
    """POST /v1/inboxes/{inbox_id}/drafts/{draft_id}/withdraw"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "draft"}

    @extend_schema(
        operation_id="withdrawDraft",
        tags=["drafts"],
        parameters=[IF_MATCH],
        request=NoBody,
        responses=DraftSerializer,
    )
    def post(self, request: ApiRequest, inbox_id: str, draft_id: UUID) -> Response:
        """Take it back before a person has decided; not out of the hands of one.

        What a policy let go, and is still held or scheduled, is stopped.
        """
        draft = find_draft(request.auth, inbox_id, draft_id, "draft")
        nothing_asked(request)
        return answer(review.withdraw(draft, by=request.auth, version=version_of(request)))
