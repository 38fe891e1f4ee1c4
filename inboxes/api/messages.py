"""Messages over the API."""

from typing import ClassVar
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked, given
from accounts.scope import Deed
from events.wire import page
from inboxes import marks
from inboxes.api.bodies import MessagePatch
from inboxes.filters import MessageQuery, ReadQuery, counted, filtered_messages
from inboxes.models import Message
from inboxes.reach import find_inbox, find_message, messages_of
from inboxes.serializers import MessageItemSerializer, MessagePage, MessageSerializer


class Messages(ApiView):
    """GET /v1/inboxes/{inbox_id}/messages"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="listMessages",
        tags=["messages"],
        parameters=[MessageQuery],
        responses=MessagePage,
    )
    def get(self, request: ApiRequest, inbox_id: str) -> Response:
        """Messages of an inbox, newest first, without their bodies and without the trash."""
        inbox = find_inbox(request.auth, inbox_id)
        query = asked(request, MessageQuery)
        answer = page(
            request,
            filtered_messages(messages_of(inbox).listed(include_spam=query["includeSpam"]), query),
            plural="messages",
            serialize=MessageItemSerializer.every,
            counted=counted(query),
        )
        return Response(answer)


class OneMessage(ApiView):
    """GET, PATCH and DELETE /v1/inboxes/{inbox_id}/messages/{message_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "PATCH": "draft", "DELETE": "draft"}

    @extend_schema(
        operation_id="getMessage",
        tags=["messages"],
        parameters=[ReadQuery],
        responses=MessageSerializer,
    )
    def get(self, request: ApiRequest, inbox_id: str, message_id: UUID) -> Response:
        """A message with its bodies. Marks it read, unless `markRead=false`."""
        message = self._find(request, inbox_id, message_id)
        if asked(request, ReadQuery)["markRead"] and not message.is_read:
            marks.mark_read(message)
        return Response(MessageSerializer.every([message])[0])

    @extend_schema(
        operation_id="markMessage",
        tags=["messages"],
        request=MessagePatch,
        responses=MessageSerializer,
    )
    def patch(self, request: ApiRequest, inbox_id: str, message_id: UUID) -> Response:
        """Mark it read or unread, add labels, then take labels away."""
        message = self._find(request, inbox_id, message_id, "draft")
        changes = given(request.data, MessagePatch)
        with transaction.atomic():
            add, remove = changes.get("addLabels", ()), changes.get("removeLabels", ())
            if add or remove:
                marks.label_message(message, add=add, remove=remove)
            if "isRead" in changes:
                marks.mark_read(message, is_read=changes["isRead"])
        return Response(MessageSerializer.every([message])[0])

    @extend_schema(operation_id="trashMessage", tags=["messages"], responses={204: None})
    def delete(self, request: ApiRequest, inbox_id: str, message_id: UUID) -> Response:
        """Move it to the Trash. Its thread still shows it. Doing so twice is no error."""
        marks.trash(self._find(request, inbox_id, message_id, "draft"))
        return Response(status=204)

    @staticmethod
    def _find(request: ApiRequest, inbox_id: str, message_id: UUID, deed: Deed = "read") -> Message:
        return find_message(find_inbox(request.auth, inbox_id, deed), message_id)
