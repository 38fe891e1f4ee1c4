"""Figures over the API."""

# ruff: noqa: N815 - names on the wire

from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked
from accounts.scope import Deed
from events.errors import Invalid
from events.wire import StrictSerializer, moment
from inboxes.models import Inbox
from inboxes.reach import find_inbox
from learning.metrics import Span, figures

USUAL_SPAN = timedelta(days=30)
MOST_SPAN = timedelta(days=366)
_DAY_OR_MOMENT = ["iso-8601", "%Y-%m-%d"]


class MetricsQuery(StrictSerializer):
    to = serializers.DateTimeField(
        required=False, input_formats=_DAY_OR_MOMENT, help_text="Before this; now if left out."
    )
    workspace = serializers.UUIDField(required=False, help_text="Only inboxes of this workspace.")
    inbox = serializers.CharField(
        required=False, max_length=320, help_text="Only this inbox: its id or an address of it."
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's and cannot be declared above."""
        start = serializers.DateTimeField(
            required=False,
            input_formats=_DAY_OR_MOMENT,
            help_text="From here on; 30 days before `to` if left out, 366 at most.",
        )
        return {"from": start, **super().get_fields()}


class WaitingSerializer(serializers.Serializer[Any]):
    """Seconds from a draft's beginning to a person's decision; null without decisions."""

    mean = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)


class ReviewFigures(serializers.Serializer[Any]):
    """Decisions within the span. `automatic` are those of policies, all others those of people."""

    approved = serializers.IntegerField()
    rejected = serializers.IntegerField()
    changesRequested = serializers.IntegerField()
    noReplyNeeded = serializers.IntegerField()
    undone = serializers.IntegerField()
    automatic = serializers.IntegerField()
    editedShare = serializers.FloatField(
        allow_null=True, help_text="Of what people approved, what they had edited: 0 to 1."
    )
    waitingSeconds = WaitingSerializer()


class HitGrades(serializers.Serializer[Any]):
    """The same messages by who it looks to have been. Counted where the inbox asks for it."""

    human = serializers.IntegerField()
    proxy = serializers.IntegerField(help_text="A provider that fetches for its people.")
    scanner = serializers.IntegerField(help_text="A program that looks links over.")


class MetricsSerializer(serializers.Serializer[Any]):
    """Figures of a span of time."""

    to = serializers.DateTimeField()
    sent = serializers.IntegerField(help_text="Messages that left, for one recipient at least.")
    received = serializers.IntegerField()
    bounced = serializers.IntegerField(help_text="Recipients that a server refused for good.")
    suppressed = serializers.IntegerField(help_text="Recipients that were not written to.")
    complained = serializers.IntegerField(help_text="Recipients who complained.")
    opened = serializers.IntegerField(help_text="Messages that a person opened.")
    clicked = serializers.IntegerField(help_text="Messages of which a person followed a link.")
    openedBy = HitGrades()
    clickedBy = HitGrades()
    review = ReviewFigures()

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's and cannot be declared above."""
        return {"from": serializers.DateTimeField(), **super().get_fields()}


def span_of(query: dict[str, Any]) -> Span:
    """The span that is asked for. Raises Invalid."""
    end = query.get("to") or timezone.now()
    start = query.get("from") or end - USUAL_SPAN
    if start >= end:
        raise Invalid.field("from", "Must be before `to`.")
    if end - start > MOST_SPAN:
        raise Invalid.field("from", f"Is more than {MOST_SPAN.days} days before `to`.")
    return Span(start, end)


class Metrics(ApiView):
    """GET /v1/metrics"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="getMetrics",
        tags=["metrics"],
        parameters=[MetricsQuery],
        responses=MetricsSerializer,
    )
    def get(self, request: ApiRequest) -> Response:
        """Mail and review in figures, of all inboxes that the key reaches and does not rule out."""
        query = asked(request, MetricsQuery)
        span = span_of(query)
        inboxes = Inbox.objects.within(request.auth)
        if workspace := query.get("workspace"):
            inboxes = inboxes.filter(workspace_id=workspace)
        if inbox := query.get("inbox"):
            inboxes = inboxes.filter(pk=find_inbox(request.auth, inbox).pk)
        told = {"from": moment(span.start), "to": moment(span.end), **figures(inboxes, span)}
        return Response(MetricsSerializer(told).data)
