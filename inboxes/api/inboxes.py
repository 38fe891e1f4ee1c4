"""Inboxes over the API."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked, given
from accounts.scope import Deed, Scope
from events.wire import short_page
from inboxes.adjusting import adjust
from inboxes.api.bodies import InboxPatch
from inboxes.filters import InboxQuery
from inboxes.models import Inbox
from inboxes.reach import find_inbox, reachable_inboxes
from inboxes.serializers import InboxPage, InboxSerializer


class Inboxes(ApiView):
    """GET /v1/inboxes"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="listInboxes", tags=["inboxes"], parameters=[InboxQuery], responses=InboxPage
    )
    def get(self, request: ApiRequest) -> Response:
        """The inboxes that the key reaches, oldest first."""
        found = reachable_inboxes(request.auth).order_by("created_at", "id")
        if workspace := asked(request, InboxQuery).get("workspace"):
            found = found.filter(workspace_id=workspace)
        answer = short_page(
            request,
            found,
            plural="inboxes",
            serialize=InboxSerializer.every,
        )
        return Response(answer)


class OneInbox(ApiView):
    """GET and PATCH /v1/inboxes/{inbox_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "PATCH": "manage"}

    @extend_schema(operation_id="getInbox", tags=["inboxes"], responses=InboxSerializer)
    def get(self, request: ApiRequest, inbox_id: str) -> Response:
        """An inbox, by its id or one of its addresses."""
        return Response(self._shown(request.auth, find_inbox(request.auth, inbox_id)))

    @extend_schema(
        operation_id="changeInbox", tags=["inboxes"], request=InboxPatch, responses=InboxSerializer
    )
    def patch(self, request: ApiRequest, inbox_id: str) -> Response:
        """Change what is named and leave the rest. On record with the old and the new value."""
        inbox = find_inbox(request.auth, inbox_id, "manage")
        adjust(inbox, given(request.data, InboxPatch), by=request.auth.actor)
        return Response(self._shown(request.auth, inbox, "manage"))

    @staticmethod
    def _shown(scope: Scope, inbox: Inbox, deed: Deed = "read") -> object:
        return InboxSerializer(reachable_inboxes(scope, deed).get(pk=inbox.pk)).data
