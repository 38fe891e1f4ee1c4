"""Polling: the same events as over WebSocket and webhooks."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events import frames, log
from events.errors import Invalid
from events.models import EventType
from events.reach import Reach
from events.subscription import Subscription, cursor_of, event_types_of
from events.wire import MOST_LIMIT, limit_of


class AttachmentOfEvent(serializers.Serializer[Any]):
    """One attachment, as an event names it."""

    id = serializers.UUIDField()
    filename = serializers.CharField(allow_null=True)
    contentType = serializers.CharField()  # noqa: N815
    sizeBytes = serializers.IntegerField()  # noqa: N815
    contentId = serializers.CharField(allow_null=True)  # noqa: N815
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
    eventId = serializers.CharField(help_text="The same on every way to listen.")  # noqa: N815
    createdAt = serializers.DateTimeField()  # noqa: N815
    inboxId = serializers.UUIDField(allow_null=True)  # noqa: N815
    messageId = serializers.UUIDField(allow_null=True)  # noqa: N815
    threadId = serializers.UUIDField(allow_null=True)  # noqa: N815
    draftId = serializers.UUIDField(allow_null=True)  # noqa: N815
    cursor = serializers.CharField(help_text="`after` this comes the next event.")
    subject = serializers.CharField(required=False, allow_null=True)
    to = serializers.ListField(child=serializers.CharField(), required=False)
    timestamp = serializers.CharField(required=False)
    plainBody = serializers.CharField(required=False, allow_null=True)  # noqa: N815
    htmlBody = serializers.CharField(required=False, allow_null=True)  # noqa: N815
    replyText = serializers.CharField(required=False, allow_null=True)  # noqa: N815
    attachments = AttachmentOfEvent(many=True, required=False)
    authentication = AuthenticationOfEvent(required=False)
    labels = serializers.ListField(child=serializers.CharField(), required=False)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)
    spam = serializers.BooleanField(required=False, help_text="It went to Junk.")
    truncated = serializers.BooleanField(required=False, help_text="A body was cut at 256 KiB.")


class EventPagination(serializers.Serializer[Any]):
    """How to go on."""

    limit = serializers.IntegerField()
    nextCursor = serializers.CharField(  # noqa: N815
        help_text="`after` for the next call; there is always one."
    )


class EventPage(serializers.Serializer[Any]):
    """Events, oldest first."""

    events = PolledEvent(many=True)
    pagination = EventPagination()


PARAMETERS = [
    OpenApiParameter("after", str, description="A cursor; left out: from the oldest event kept."),
    OpenApiParameter("types", str, description="Event types, separated by commas."),
    OpenApiParameter("inboxId", UUID),
    OpenApiParameter(
        "includeMachines",
        bool,
        description="true: with opens and clicks that look like a proxy's or a scanner's.",
    ),
    OpenApiParameter("includeSpam", bool, description="true: with what went to Junk."),
    OpenApiParameter("limit", int, description=f"1 to {MOST_LIMIT}; 50 if left out."),
]


class Events(APIView):
    """GET /v1/events"""

    deeds: ClassVar = {"GET": "read"}

    @extend_schema(parameters=PARAMETERS, responses=EventPage)
    def get(self, request: Request) -> Response:
        """What happened after a cursor, oldest first. The log keeps 7 days; an older cursor is
        refused with 409 `CURSOR_EXPIRED`."""
        asked, limit = _asked(request), limit_of(request)
        after = cursor_of(request.query_params.get("after"))
        reach = cast(Reach, request.auth)
        asked.check(reach)
        events, following = read_page(asked.where(reach), after, limit)
        pagination = {"limit": limit, "nextCursor": str(following)}
        return Response({"events": [frames.flat(one) for one in events], "pagination": pagination})


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


def _asked(request: Request) -> Subscription:
    types = request.query_params.get("types", "")
    given = request.query_params.get("inboxId")
    try:
        inbox_ids = frozenset({UUID(given)}) if given else frozenset()
    except ValueError as error:
        raise Invalid.field("inboxId", "Must be a UUID.") from error
    names = [name.strip() for name in types.split(",") if name.strip()]
    include_spam = _flag(request, "includeSpam")
    return Subscription(
        event_types_of(names, "types"),
        inbox_ids,
        include_spam=include_spam,
        include_machines=_flag(request, "includeMachines"),
    )


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false").lower()
    if given not in ("true", "false"):
        raise Invalid.field(name, "Must be true or false.")
    return given == "true"
