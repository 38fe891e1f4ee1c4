"""Inboxes over the API."""

from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts.handing_on import hand_on
from accounts.http import ApiRequest, ApiView, asked, given, nothing_asked, once_named
from accounts.models import Workspace
from accounts.scope import Deed, Scope
from accounts.workspaces import asked_workspace
from events.wire import NoBody, StrictSerializer, short_page
from inboxes.adjusting import adjust
from inboxes.api.bodies import InboxBody, InboxPatch
from inboxes.claiming import Wanted, claim
from inboxes.closing import close_inbox, renew_password, restore_inbox
from inboxes.filters import InboxQuery
from inboxes.models import Inbox
from inboxes.reach import find_inbox, find_restorable, reachable_inboxes
from inboxes.serializers import (
    FoundInboxSerializer,
    InboxPage,
    InboxSerializer,
    OpenedInboxSerializer,
    PasswordSerializer,
)


def shown(scope: Scope, inbox: Inbox, deed: Deed = "read") -> object:
    """An inbox as it is now, for whoever may do `deed` to it."""
    return InboxSerializer(reachable_inboxes(scope, deed).get(pk=inbox.pk)).data


class StrictQuery(StrictSerializer):
    strict = serializers.BooleanField(
        required=False,
        default=False,
        help_text="True: a name that somebody else has is refused with `USERNAME_TAKEN`.",
    )


class Inboxes(ApiView):
    """GET and POST /v1/inboxes"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "POST": "manage"}

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

    @extend_schema(
        operation_id="createInbox",
        tags=["inboxes"],
        parameters=[StrictQuery],
        request=InboxBody,
        responses={200: FoundInboxSerializer, 201: OpenedInboxSerializer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Open an inbox: 201 with its key and its mail password, both shown this once.

        The workspace's own inbox of that name is answered with 200 and `existed`, without secrets.
        A name that somebody else has becomes the first free of `name1` to `name99`.
        """
        strict = asked(request, StrictQuery)["strict"]
        body = given(request.data, InboxBody)
        workspace = asked_workspace(request.auth, body.pop("workspace_id", None))

        def create() -> Response:
            return self._open(request.auth, workspace, Wanted(is_strict=strict, **body))

        return once_named(request, f"inboxes:{workspace.pk}", body, create, shows_secret=True)

    @staticmethod
    @transaction.atomic
    def _open(scope: Scope, workspace: Workspace, wanted: Wanted) -> Response:
        claimed = claim(workspace, wanted, by=scope.actor)
        shown: Any = reachable_inboxes(scope, "manage").get(pk=claimed.inbox.pk)
        shown.existed = claimed.password is None
        if shown.existed:
            return Response(FoundInboxSerializer(shown).data)
        _, shown.api_key = hand_on(
            scope, workspace=workspace, inbox_id=shown.pk, name=shown.email[:120]
        )
        shown.imap_password = claimed.password
        return Response(OpenedInboxSerializer(shown).data, status=201)


class OneInbox(ApiView):
    """GET, PATCH and DELETE /v1/inboxes/{inbox_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "PATCH": "manage", "DELETE": "manage"}

    @extend_schema(operation_id="getInbox", tags=["inboxes"], responses=InboxSerializer)
    def get(self, request: ApiRequest, inbox_id: str) -> Response:
        """An inbox, by its id or one of its addresses."""
        return Response(shown(request.auth, find_inbox(request.auth, inbox_id)))

    @extend_schema(
        operation_id="changeInbox", tags=["inboxes"], request=InboxPatch, responses=InboxSerializer
    )
    def patch(self, request: ApiRequest, inbox_id: str) -> Response:
        """Change what is named and leave the rest. On record with the old and the new value."""
        inbox = find_inbox(request.auth, inbox_id, "manage")
        adjust(inbox, given(request.data, InboxPatch), by=request.auth.actor)
        return Response(shown(request.auth, inbox, "manage"))

    @extend_schema(operation_id="deleteInbox", tags=["inboxes"], responses={204: None})
    def delete(self, request: ApiRequest, inbox_id: str) -> Response:
        """Delete an inbox: it takes no mail and is not found any more. `POST …/restore` takes that
        back for 30 days; as long, nobody else gets its addresses."""
        close_inbox(find_inbox(request.auth, inbox_id, "manage"), by=request.auth.actor)
        return Response(status=204)


class RestoreInbox(ApiView):
    """POST /v1/inboxes/{inbox_id}/restore"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "manage"}

    @extend_schema(
        operation_id="restoreInbox", tags=["inboxes"], request=NoBody, responses=InboxSerializer
    )
    def post(self, request: ApiRequest, inbox_id: str) -> Response:
        """Take a deletion back, within 30 days: mail, addresses, keys and password are as before.
        For an inbox that was not deleted it changes nothing."""
        inbox = find_restorable(request.auth, inbox_id)
        nothing_asked(request)
        restore_inbox(inbox, by=request.auth.actor)
        return Response(shown(request.auth, inbox, "manage"))


class InboxPassword(ApiView):
    """POST /v1/inboxes/{inbox_id}/password"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "manage"}

    @extend_schema(
        operation_id="renewInboxPassword",
        tags=["inboxes"],
        request=NoBody,
        responses=PasswordSerializer,
    )
    def post(self, request: ApiRequest, inbox_id: str) -> Response:
        """A new password for IMAP and SMTP, shown this once. The old one opens nothing any more."""
        inbox = find_inbox(request.auth, inbox_id, "manage")
        nothing_asked(request)
        password = renew_password(inbox, by=request.auth.actor)
        told = {"username": inbox.email, "imapPassword": password}
        return Response(PasswordSerializer(told).data)
