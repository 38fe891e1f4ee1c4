"""Figures of mail and of review over a span of time. A constant number of queries, each by an
index: only rows of the span are read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Aggregate, Avg, Count, F, FloatField, Q, QuerySet
from django.db.models.functions import Extract

from drafts.models import Decision
from inboxes.models import Inbox, Message
from outbound.models import Delivery
from tracking.counting import hit_figures
from tracking.models import DeliveryReport
from tracking.reports import Kind

BY_PERSON = Q(decided_by__startswith="user:")


class Percentile(Aggregate):
    """`percentile_cont(share) WITHIN GROUP (ORDER BY what)`."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: Any, *, share: float, **options: Any) -> None:
        super().__init__(expression, share=share, **options)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start`, up to and without `end`."""

    start: datetime
    end: datetime

    def of(self, column: str) -> Q:
        return Q(**{f"{column}__gte": self.start, f"{column}__lt": self.end})


def figures(inboxes: QuerySet[Inbox], span: Span) -> dict[str, Any]:
    """The figures of those inboxes, named as API.md has them."""
    messages = Message.objects.filter(inbox__in=inboxes)
    ended = Delivery.objects.filter(message__inbox__in=inboxes).filter(span.of("settled_at"))
    failed = ended.filter(status__in=[Delivery.Status.FAILED, Delivery.Status.SUPPRESSED])
    failures = failed.aggregate(
        bounced=Count("pk", filter=Q(status=Delivery.Status.FAILED)),
        suppressed=Count("pk", filter=Q(status=Delivery.Status.SUPPRESSED)),
    )
    return {
        "sent": messages.filter(span.of("sent_at")).count(),
        "received": messages.filter(span.of("received_at")).count(),
        **failures,
        "complained": _complained(inboxes, span),
        **hit_figures(inboxes, span.start, span.end),
        "review": review_figures(inboxes, span),
    }


def _complained(inboxes: QuerySet[Inbox], span: Span) -> int:
    """Recipients who complained."""
    complaints = DeliveryReport.objects.filter(span.of("created_at"), message__inbox__in=inboxes)
    counted = complaints.filter(kind=Kind.COMPLAINT, state=DeliveryReport.State.COUNTED)
    return counted.count()


def review_figures(inboxes: QuerySet[Inbox], span: Span) -> dict[str, Any]:
    """What people decided, how often they had edited what they approved, and how long it waited."""
    decisions = Decision.objects.filter(span.of("created_at"), draft__inbox__in=inboxes)
    waited = Extract(F("created_at") - F("draft__created_at"), "epoch")
    answered = BY_PERSON & ~Q(kind=Decision.Kind.UNDO)
    found = decisions.aggregate(
        approved=_count(Decision.Kind.APPROVE, BY_PERSON),
        edited=_count(Decision.Kind.APPROVE, BY_PERSON & Q(draft__edited_by_person=True)),
        rejected=_count(Decision.Kind.REJECT, BY_PERSON),
        changesRequested=_count(Decision.Kind.REQUEST_CHANGES, BY_PERSON),
        noReplyNeeded=_count(Decision.Kind.NO_REPLY, BY_PERSON),
        undone=_count(Decision.Kind.UNDO, BY_PERSON),
        automatic=_count(Decision.Kind.APPROVE, ~BY_PERSON),
        mean=Avg(waited, output_field=FloatField(), filter=answered),
        median=Percentile(waited, share=0.5, filter=answered),
        p90=Percentile(waited, share=0.9, filter=answered),
    )
    seconds = {name: found.pop(name) for name in ("mean", "median", "p90")}
    edited, approved = found.pop("edited"), found["approved"]
    share = round(edited / approved, 4) if approved else None
    return {**found, "editedShare": share, "waitingSeconds": seconds}


def _count(kind: Decision.Kind, condition: Q) -> models.Aggregate:
    return Count("pk", filter=Q(kind=kind) & condition)
