"""What lists are asked for, and the rows that answer. Every filter here has an index."""

# ruff: noqa: N815 - names on the wire

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers

from events.wire import COUNTED_EXACTLY, CursorQuery, PageQuery, StrictSerializer
from inboxes.addresses import fold_address
from inboxes.models import Inbox, Message, MessageQuerySet, Thread, ThreadQuerySet
from inboxes.search import search

FEW = 1_000
_DAY_OR_MOMENT = ["iso-8601", "%Y-%m-%d"]
_Q_HELP = (
    "All words; a phrase in quotes, -word for without, `or` for either. "
    "Subject, addresses, body and names of attachments are searched. Operators: `from:` and `to:` "
    "an address, or how a name begins (`from:@example.com`: a whole domain), `subject:`, `label:`, "
    "`has:attachment`, `is:unread`, `is:read`, `before:` and `after:` a day (UTC); quotes hold "
    "several words together, - before one excludes. Any other operator is a plain word."
)


class AddressField(serializers.CharField):
    """An address as a filter: compared case folded."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=320, **options)

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        if "@" not in text:
            raise serializers.ValidationError("Must be an address, such as ann@example.com.")
        return fold_address(text)


class InboxQuery(StrictSerializer, PageQuery):
    workspace = serializers.UUIDField(required=False, help_text="Only those of this workspace.")


class MessageQuery(StrictSerializer, CursorQuery):
    direction = serializers.ChoiceField(Message.Direction.choices, required=False)
    threadId = serializers.UUIDField(required=False)
    unread = serializers.BooleanField(required=False)
    to = AddressField(required=False, help_text="An address in To, Cc or Bcc.")
    label = serializers.CharField(  # type: ignore[assignment]
        required=False, max_length=60
    )
    since = serializers.DateTimeField(
        required=False, input_formats=_DAY_OR_MOMENT, help_text="`createdAt` from here on."
    )
    until = serializers.DateTimeField(
        required=False, input_formats=_DAY_OR_MOMENT, help_text="`createdAt` before this."
    )
    q = serializers.CharField(required=False, max_length=1000, help_text=_Q_HELP)
    includeSpam = serializers.BooleanField(
        required=False, default=False, help_text="true: with what is in Junk."
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's and cannot be declared above."""
        sender = AddressField(required=False, help_text="The address in From.")
        return {**super().get_fields(), "from": sender}


class ThreadQuery(StrictSerializer, CursorQuery):
    status = serializers.ChoiceField(Thread.Status.choices, required=False)
    category = serializers.CharField(required=False, max_length=60)
    label = serializers.CharField(  # type: ignore[assignment]
        required=False, max_length=60
    )
    participant = AddressField(required=False, help_text="Who wrote or was written to.")
    since = serializers.DateTimeField(
        required=False, input_formats=_DAY_OR_MOMENT, help_text="`lastMessageAt` from here on."
    )
    q = serializers.CharField(required=False, max_length=1000, help_text=_Q_HELP)


class AttachmentQuery(StrictSerializer, PageQuery):
    """A page of the list."""


class ReadQuery(StrictSerializer):
    markRead = serializers.BooleanField(
        required=False, default=True, help_text="false: looking does not mark it read."
    )


def filtered_messages(messages: MessageQuerySet, asked: dict[str, Any]) -> MessageQuerySet:
    """Those of `messages` that a validated MessageQuery asks for."""
    found: Any = _where(
        messages,
        direction=asked.get("direction"),
        thread_id=asked.get("threadId"),
        is_read=None if asked.get("unread") is None else not asked["unread"],
        header_from=asked.get("from"),
        created_at__gte=asked.get("since"),
        created_at__lt=asked.get("until"),
        recipients__contains=[asked["to"]] if "to" in asked else None,
        labels__contains=[asked["label"]] if "label" in asked else None,
    )
    if "q" in asked:
        found = search(found, asked["q"])
    few = _few(found) if {"q", "to", "label"} & asked.keys() else None
    narrowed: MessageQuerySet = found if few is None else messages.filter(pk__in=few)
    return narrowed


def filtered_threads(inbox: Inbox, asked: dict[str, Any]) -> ThreadQuerySet:
    """Conversations of the inbox that a validated ThreadQuery asks for."""
    every = Thread.objects.filter(inbox=inbox).listed()
    found: ThreadQuerySet = _where(
        every,
        status=asked.get("status"),
        category=asked.get("category"),
        last_message_at__gte=asked.get("since"),
        participants__contains=[asked["participant"]] if "participant" in asked else None,
        labels__contains=[asked["label"]] if "label" in asked else None,
    )
    if "q" in asked:
        return found.filter(pk__in=_threads_saying(inbox, asked["q"]))
    if not {"participant", "label", "category"} & asked.keys():
        return found
    few = _few(found)
    return found if few is None else every.filter(pk__in=few)


def counted(asked: dict[str, Any]) -> int:
    """Up to where the total is exact: an index holds a whole list, but not every filter."""
    plain = {"limit", "offset", "cursor", "includeSpam"}
    return COUNTED_EXACTLY if asked.keys() <= plain else FEW


def _where(rows: Any, **conditions: Any) -> Any:
    return rows.filter(**{name: c for name, c in conditions.items() if c is not None})


def _few(found: QuerySet[Any], column: str = "pk") -> list[UUID] | None:
    """What was found if it is little, else None.

    The planner cannot know how rare a word or a label is. Asked for the newest 50, it may read a
    whole inbox to find three. So the index of words is asked first; where it finds much, the
    newest 50 are near.
    """
    some = list(found.order_by().values_list(column, flat=True)[: FEW + 1])
    return some if len(some) <= FEW else None


def _threads_saying(inbox: Inbox, q: str) -> set[UUID]:
    """Threads of messages with those words; of very common words, of the newest such messages."""
    messages = search(Message.objects.filter(inbox=inbox).listed(), q)
    few = _few(messages, "thread_id")
    if few is None:
        newest = messages.order_by("-created_at", "-id").values_list("thread_id", flat=True)
        few = list(newest[:FEW])
    return set(few)
