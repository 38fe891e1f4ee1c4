"""Conversations over the API."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked, given
from accounts.scope import Deed
from events.wire import Order, page
from inboxes.api.bodies import MergeBody, SplitBody, ThreadPatch
from inboxes.filters import ThreadQuery, counted, filtered_threads
from inboxes.marks import adjust_thread
from inboxes.models import Inbox, Message, Thread
from inboxes.reach import find_inbox, find_thread, messages_of
from inboxes.rearranging import join, part, split
from inboxes.serializers import ThreadItemSerializer, ThreadPage, ThreadSerializer
from inboxes.told import in_full

MOST_MESSAGES = 1_000
BY_ACTIVITY = Order(moment="last_message_at")


def conversation(inbox: Inbox, thread: Thread) -> Sequence[Message]:
    """Its messages, oldest first, with what is in the trash; of a very long one the newest. What
    is in Junk is left out, unless there is nothing else."""
    shown = Q() if thread.message_count == 0 else Q(is_spam=False)
    newest = messages_of(inbox).filter(shown, thread=thread).order_by("-created_at", "-id")
    return in_full(list(newest[:MOST_MESSAGES])[::-1])


class Threads(ApiView):
    """GET /v1/inboxes/{inbox_id}/threads"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="listThreads", tags=["threads"], parameters=[ThreadQuery], responses=ThreadPage
    )
    def get(self, request: ApiRequest, inbox_id: str) -> Response:
        """Conversations of an inbox, newest activity first."""
        inbox = find_inbox(request.auth, inbox_id)
        query = asked(request, ThreadQuery)
        answer = page(
            request,
            filtered_threads(inbox, query),
            plural="threads",
            serialize=ThreadItemSerializer.every,
            order=BY_ACTIVITY,
            counted=counted(query),
        )
        return Response(answer)


class OneThread(ApiView):
    """GET and PATCH /v1/inboxes/{inbox_id}/threads/{thread_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "PATCH": "draft"}

    @extend_schema(operation_id="getThread", tags=["threads"], responses=ThreadSerializer)
    def get(self, request: ApiRequest, inbox_id: str, thread_id: UUID) -> Response:
        """The whole conversation, oldest message first. Marks nothing read."""
        inbox = find_inbox(request.auth, inbox_id)
        thread = find_thread(inbox, thread_id)
        thread.shown_messages = conversation(inbox, thread)  # type: ignore[attr-defined]
        return Response(ThreadSerializer(thread).data)

    @extend_schema(
        operation_id="markThread",
        tags=["threads"],
        request=ThreadPatch,
        responses=ThreadItemSerializer,
    )
    def patch(self, request: ApiRequest, inbox_id: str, thread_id: UUID) -> Response:
        """Set its status or category, add labels, then take labels away."""
        inbox = find_inbox(request.auth, inbox_id, "draft")
        thread = find_thread(inbox, thread_id)
        adjust_thread(inbox, thread, given(request.data, ThreadPatch))
        return Response(ThreadItemSerializer(thread).data)


class MergeThreads(ApiView):
    """POST /v1/inboxes/{inbox_id}/threads/{thread_id}/merge"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "draft"}

    @extend_schema(
        operation_id="mergeThreads",
        tags=["threads"],
        request=MergeBody,
        responses=ThreadItemSerializer,
    )
    def post(self, request: ApiRequest, inbox_id: str, thread_id: UUID) -> Response:
        """Make other threads part of this one. Undone by `split` with their `threadId`."""
        inbox = find_inbox(request.auth, inbox_id, "draft")
        thread = find_thread(inbox, thread_id)
        body = given(request.data, MergeBody)
        return Response(ThreadItemSerializer(join(inbox, thread.pk, set(body["threadIds"]))).data)


class SplitThread(ApiView):
    """POST /v1/inboxes/{inbox_id}/threads/{thread_id}/split"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "draft"}

    @extend_schema(
        operation_id="splitThread",
        tags=["threads"],
        request=SplitBody,
        responses={201: ThreadItemSerializer},
    )
    def post(self, request: ApiRequest, inbox_id: str, thread_id: UUID) -> Response:
        """Part a conversation; answers the thread that stands apart now. Undone by `merge`."""
        inbox = find_inbox(request.auth, inbox_id, "draft")
        thread = find_thread(inbox, thread_id)
        body = given(request.data, SplitBody)
        if "threadId" in body:
            apart = part(inbox, thread.pk, body["threadId"])
        else:
            apart = split(inbox, thread.pk, body["fromMessageId"])
        location = {"Location": f"/v1/inboxes/{inbox.pk}/threads/{apart.pk}"}
        return Response(ThreadItemSerializer(apart).data, status=201, headers=location)
