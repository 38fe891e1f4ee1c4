"""Opens and clicks in figures. Each a query by an index, within the inboxes it is given."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Subquery

from inboxes.models import Inbox, Message
from tracking.models import Hit, TrackedLink

MOST_COUNTED = 1_000


def hit_figures(inboxes: QuerySet[Inbox], start: datetime, end: datetime) -> dict[str, Any]:
    """`opened` and `clicked`: messages that people opened, or followed a link of, from `start` up
    to and without `end`; `openedBy` and `clickedBy`: the same for each grade."""
    hits = Hit.objects.filter(inbox__in=inboxes, at__gte=start, at__lt=end)
    counted = hits.aggregate(
        **{
            f"{kind}_{grade}": Count("message", distinct=True, filter=Q(kind=kind, grade=grade))
            for kind in Hit.Kind.values
            for grade in Hit.Grade.values
        }
    )
    opened = {grade: counted[f"open_{grade}"] for grade in Hit.Grade.values}
    clicked = {grade: counted[f"click_{grade}"] for grade in Hit.Grade.values}
    return {
        "opened": opened["human"],
        "clicked": clicked["human"],
        "openedBy": opened,
        "clickedBy": clicked,
    }


def opens_of(address: str, inboxes: QuerySet[Inbox]) -> int | None:
    """How often people opened what went to the folded `address` alone, counted to 1,000; None
    where nothing that counts opens did."""
    messages = Message.objects.filter(
        inbox__in=inboxes,
        direction=Message.Direction.OUTBOUND,
        recipients__contains=[address],
        recipients__len=1,
    )
    hits = Hit.objects.filter(message__in=messages, kind=Hit.Kind.OPEN, grade=Hit.Grade.HUMAN)
    opens = hits.order_by().values("grade").annotate(count=Count("*")).values("count")
    counted = TrackedLink.objects.filter(message__in=messages, target="").order_by()
    found = list(counted.values_list(Subquery(opens), flat=True)[:1])
    return min(found[0] or 0, MOST_COUNTED) if found else None
