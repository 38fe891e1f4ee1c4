"""Polling: the same events as over WebSocket and webhooks, as they are asked for and told."""

# ruff: noqa: N815 - names on the wire

from typing import Any
from uuid import UUID

from django.db.models import Q
from rest_framework import serializers

from events import frames, log
from events.models import EventType
from events.subscription import Subscription, cursor_of, event_types_of
from events.wire import DEFAULT_LIMIT, MOST_LIMIT, StrictSerializer


class AttachmentOfEvent(serializers.Serializer[Any]):
    """One attachment, as an event names it."""

    id = serializers.UUIDField()
    filename = serializers.CharField(allow_null=True)
    contentType = serializers.CharField()
    sizeBytes = serializers.IntegerField()
    contentId = serializers.CharField(allow_null=True)
    inline = serializers.BooleanField()


class AuthenticationOfEvent(serializers.Serializer[Any]):
    """Who a received message is really from, as far as it was known when it came."""

    spf = serializers.CharField(allow_null=True)
    dkim = serializers.CharField(allow_null=True)
    dmarc = serializers.CharField(allow_null=True)
    aligned = serializers.BooleanField(allow_null=True)


class PolledEvent(serializers.Serializer[Any]):
    """One event, flat. Which of the fields below `cursor` are there depends on the type."""

    event = serializers.ChoiceField(EventType.choices)
    eventId = serializers.CharField(help_text="The same on every way to listen.")
    createdAt = serializers.DateTimeField()
    inboxId = serializers.UUIDField(allow_null=True)
    messageId = serializers.UUIDField(allow_null=True)
    threadId = serializers.UUIDField(allow_null=True)
    draftId = serializers.UUIDField(allow_null=True)
    cursor = serializers.CharField(help_text="`after` this comes the next event.")
    subject = serializers.CharField(required=False, allow_null=True)
    to = serializers.ListField(child=serializers.CharField(), required=False)
    timestamp = serializers.CharField(required=False)
    plainBody = serializers.CharField(required=False, allow_null=True)
    htmlBody = serializers.CharField(required=False, allow_null=True)
    replyText = serializers.CharField(required=False, allow_null=True)
    attachments = AttachmentOfEvent(many=True, required=False)
    authentication = AuthenticationOfEvent(required=False)
    labels = serializers.ListField(child=serializers.CharField(), required=False)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)
    spam = serializers.BooleanField(required=False, help_text="It went to Junk.")
    truncated = serializers.BooleanField(required=False, help_text="A body was cut at 256 KiB.")


class EventPagination(serializers.Serializer[Any]):
    """How to go on."""

    limit = serializers.IntegerField()
    nextCursor = serializers.CharField(help_text="`after` for the next call; there is always one.")


class EventPage(serializers.Serializer[Any]):
    """Events, oldest first."""

    events = PolledEvent(many=True)
    pagination = EventPagination()


class EventQuery(StrictSerializer):
    """From where on, and which."""

    after = serializers.CharField(
        required=False, allow_blank=True, help_text="A cursor; left out: from the oldest kept."
    )
    cursor = serializers.CharField(
        required=False, allow_blank=True, help_text="The same as `after`, as other lists call it."
    )
    types = serializers.CharField(
        required=False, allow_blank=True, help_text="Event types, separated by commas."
    )
    inboxId = serializers.UUIDField(required=False, help_text="Only events of this inbox.")
    includeSpam = serializers.BooleanField(
        required=False, default=False, help_text="true: with what went to Junk."
    )
    includeMachines = serializers.BooleanField(
        required=False,
        default=False,
        help_text="true: with opens and clicks that look like a proxy's or a scanner's.",
    )
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_LIMIT, default=DEFAULT_LIMIT
    )

    def validate_after(self, letters: str) -> log.Cursor | None:
        return cursor_of(letters)

    def validate_cursor(self, letters: str) -> log.Cursor | None:
        return cursor_of(letters, "cursor")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        cursor = attrs.pop("cursor", None)
        if cursor is not None and attrs.setdefault("after", cursor) != cursor:
            raise serializers.ValidationError({"cursor": ["Is another one than `after`."]})
        return attrs

    def validate_types(self, text: str) -> frozenset[str]:
        names = [name.strip() for name in text.split(",") if name.strip()]
        return event_types_of(names, "types")


def subscription_of(query: dict[str, Any]) -> Subscription:
    """What a validated EventQuery asks for."""
    inbox_id: UUID | None = query.get("inboxId")
    return Subscription(
        query.get("types", frozenset()),
        frozenset({inbox_id} if inbox_id else ()),
        include_spam=query["includeSpam"],
        include_machines=query["includeMachines"],
    )


def read_page(
    where: Q, after: log.Cursor | None, limit: int
) -> tuple[list[frames.Told], log.Cursor]:
    """The next events and the cursor to go on from. Raises CursorExpired."""
    present = log.end()  # Before reading: what it finds missing then is truly not there.
    if after is None:
        batch = log.read(log.oldest(), limit=limit, where=where)
    else:
        batch = log.read_whole(after, limit=limit, where=where)
    following = batch.end if batch.full else max(batch.end, present)
    return frames.tell(batch.events, batch.end.era), following
