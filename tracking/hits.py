"""Opens and clicks on record: stored by the batch, regraded by what came with them, then told."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Min, Q
from django.utils import timezone

from events.ids import new_id
from events.log import emit_many
from events.models import Event, EventType
from inboxes.models import Message
from tracking.grading import SWEEP, SWEPT, Grade, Request, grade, swept
from tracking.links import target_of
from tracking.models import Hit, TrackedLink

# Until then a hit may turn out to be one of a sweep; the recorder's delay is in it.
SETTLED_AFTER = SWEEP + timedelta(seconds=1)
SETTLED_AT_ONCE = 1_000
MOST_REGRADED = 5_000  # hits of one message that are looked at together
SOURCE_KEPT = timedelta(days=30)
FORGOTTEN_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One hit as it came. `network`: /24 or /48 of the address it came from."""

    link_id: UUID
    kind: str
    at: datetime
    grade: Grade
    agent: str = ""
    network: str = ""
    report: str | None = None


_STORE = """
INSERT INTO tracking_hit
    (link_id, message_id, inbox_id, kind, at, grade, reason, agent, network, report, told)
SELECT link.id, link.message_id, message.inbox_id, seen.kind, seen.at, seen.grade, seen.reason,
       seen.agent, seen.network, seen.report, false
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::text[])
     AS seen (link_id, kind, at, grade, reason, agent, network, report)
JOIN tracking_trackedlink link
  ON link.id = seen.link_id AND (link.target = '') = (seen.kind = 'open')
JOIN inboxes_message message ON message.id = link.message_id
ON CONFLICT (report) DO NOTHING
"""


def store(seen: Sequence[Seen]) -> int:
    """Store hits in one statement; returns how many. Those on links that are not there are none,
    and a report that was taken before changes nothing."""
    if not seen:
        return 0
    columns = zip(
        *(
            (s.link_id, s.kind, s.at, s.grade.name, s.grade.reason, s.agent, s.network, s.report)
            for s in seen
        ),
        strict=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [list(column) for column in columns])
        stored: int = cursor.rowcount
    return stored


_TARGETS = "SELECT id, target FROM tracking_trackedlink WHERE id = ANY(%s) AND target <> ''"


def targets_of(link_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Where links lead, by id; those that are gone, or are a picture, are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_TARGETS, [list(link_ids)])
        return dict(cursor.fetchall())


@transaction.atomic
def record_report(
    message: Message,
    kind: Hit.Kind,
    *,
    report: str,
    at: datetime,
    url: str = "",
    agent: str = "",
) -> bool:
    """Take a provider's report of an open or click, which it counts by links of its own.

    `report` is the provider's name for it, at most 200 letters: the same one twice counts once.
    False: it was taken before, or its URL is none that we count.
    """
    target = "" if kind == Hit.Kind.OPEN else target_of(url)
    if target is None or (kind == Hit.Kind.CLICK and not target):
        return False
    links = TrackedLink.objects.filter(message=message)
    link = links.filter(target=target).first()
    if link is None:
        position = 0 if kind == Hit.Kind.OPEN else links.exclude(target="").count() + 1
        link = TrackedLink.objects.create(message=message, position=position, target=target)
    agent = agent.replace("\0", "")[:300]
    graded = grade(Request("GET", agent)) if agent else Grade("human", "reported by the provider")
    return bool(store([Seen(link.pk, kind, at, graded, agent, report=report[:200])]))


# --- Settling -------------------------------------------------------------------------------


@transaction.atomic
def settle(now: datetime | None = None) -> int:
    """Regrade hits that are old enough by what came with them, and tell of the first of each link
    and grade. Returns how many were settled; any number of workers may call it at once."""
    now = now or timezone.now()
    due = Hit.objects.filter(told=False, at__lte=now - SETTLED_AFTER).order_by("at", "pk")
    hits = list(due.select_for_update(skip_locked=True, no_key=True)[:SETTLED_AT_ONCE])
    if not hits:
        return 0
    sweepers = _regrade(hits)
    for hit in hits:
        if hit.pk in sweepers:
            hit.grade, hit.reason = Hit.Grade(SWEPT.name), SWEPT.reason
    Hit.objects.filter(pk__in=[hit.pk for hit in hits]).update(told=True)
    _tell(hits)
    return len(hits)


def _regrade(hits: Sequence[Hit]) -> set[int]:
    """Mark every hit of a sweep that one of `hits` belongs to; answers those, told or not."""
    clicks: dict[UUID, list[datetime]] = defaultdict(list)
    for hit in hits:
        if hit.kind == Hit.Kind.CLICK:
            clicks[hit.message_id].append(hit.at)
    links: dict[UUID, set[UUID]] = defaultdict(set)
    counted = TrackedLink.objects.filter(message__in=clicks).exclude(target="")
    for message_id, link_id in counted.values_list("message_id", "pk"):
        links[message_id].add(link_id)
    found: set[int] = set()
    for message_id, moments in clicks.items():
        if len(links[message_id]) < 2:
            continue
        near = Hit.objects.filter(
            message=message_id,
            kind=Hit.Kind.CLICK,
            at__range=(min(moments) - SWEEP, max(moments) + SWEEP),
        )
        rows = near.order_by("at").values_list("at", "link_id", "pk")[:MOST_REGRADED]
        found |= swept(rows, links[message_id])
    changed = Hit.objects.filter(pk__in=found).exclude(grade=SWEPT.name)
    changed.update(grade=SWEPT.name, reason=SWEPT.reason)
    return found


def _tell(hits: Sequence[Hit]) -> None:
    """An event for the first hit of each link and grade: later ones only count."""
    first: dict[tuple[UUID, str], Hit] = {}
    for hit in hits:
        first.setdefault((hit.link_id, hit.grade), hit)
    told = Hit.objects.filter(link__in={link for link, _ in first}, told=True)
    earlier = told.exclude(pk__in=[hit.pk for hit in hits]).values_list("link_id", "grade")
    for known in earlier.distinct():
        first.pop(known, None)
    messages = Message.objects.filter(pk__in={hit.message_id for hit in first.values()})
    about = {
        message.pk: message
        for message in messages.select_related("inbox").only(
            "id", "thread_id", "subject", "header_from", "to", "inbox__workspace_id"
        )
    }
    targets = targets_of(link for link, _ in first)
    emit_many(
        [
            _event(hit, about[hit.message_id], targets.get(hit.link_id, ""))
            for hit in first.values()
            if hit.message_id in about
        ]
    )


def _event(hit: Hit, message: Message, url: str) -> Event:
    payload: dict[str, Any] = {
        "from": message.header_from,
        "to": [each["address"] for each in message.to],
        "subject": message.subject,
        "timestamp": hit.at.isoformat(),
        "grade": str(hit.grade),
        "reason": hit.reason,
    }
    if url:
        payload["url"] = url
    if hit.grade != Hit.Grade.HUMAN:
        payload["machine"] = True  # told only to those who ask for it
    return Event(
        event_id=new_id(),
        type=(
            EventType.MESSAGE_CLICKED if hit.kind == Hit.Kind.CLICK else EventType.MESSAGE_OPENED
        ),
        workspace_id=message.inbox.workspace_id,
        inbox_id=hit.inbox_id,
        thread_id=message.thread_id,
        message_id=message.pk,
        payload=payload,
        created_at=timezone.now(),
    )


def forget_sources(now: datetime) -> int:
    """Forget where hits older than a month came from. Returns how many."""
    old = Hit.objects.filter(~Q(network="", agent=""), at__lt=now - SOURCE_KEPT)
    some = old.order_by("at").values("pk")[:FORGOTTEN_AT_ONCE]
    return Hit.objects.filter(pk__in=some).update(network="", agent="")


def first_untold(now: datetime) -> float:
    """The age of the oldest hit that is not settled, in seconds; 0 where there is none."""
    oldest = Hit.objects.filter(told=False).aggregate(oldest=Min("at"))["oldest"]
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
