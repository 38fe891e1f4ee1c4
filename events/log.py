"""The numbered event log: what happened, told once, to whoever listens.

Writers call `emit` inside their own transaction. Readers go by (transaction, id) and only below
the oldest transaction that still runs: a row that commits late is then never skipped, because
nothing at or above its place was read before it.
"""

import base64
import binascii
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BigIntegerField, F, Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from events import hints
from events.copying import copy_in
from events.errors import Conflict
from events.models import Event, EventType, LogHorizon

KEPT = timedelta(days=7)
PRUNED_AT_ONCE = 10_000
OLDEST_RUNNING = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
MOST_BIGINT = 2**63 - 1
_PLACE = struct.Struct(">HQQ")
_CHECK = struct.Struct(">I")


class CursorExpired(Conflict):
    """The cursor lies before what the log still holds: start anew from the present."""

    code = "CURSOR_EXPIRED"

    def __init__(self) -> None:
        super().__init__(
            "The cursor is older than the log, which keeps 7 days. List what you need and listen "
            "anew without a cursor."
        )


class BadCursor(ValueError):
    """These letters are no cursor of ours."""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the log. `era` changes when the log was restored into another database."""

    era: int
    transaction: int
    event: int

    def __str__(self) -> str:
        place = _PLACE.pack(self.era, self.transaction, self.event)
        return base64.urlsafe_b64encode(place + _CHECK.pack(zlib.crc32(place))).decode().rstrip("=")

    @classmethod
    def read(cls, letters: str) -> Self:
        """The cursor that `letters` stand for. Raises BadCursor."""
        try:
            octets = base64.b64decode(letters + "=" * (-len(letters) % 4), b"-_", validate=True)
            place, check = octets[: _PLACE.size], _CHECK.unpack(octets[_PLACE.size :])
        except (binascii.Error, struct.error, ValueError) as error:
            raise BadCursor("This is no cursor of this log.") from error
        if check != (zlib.crc32(place),):
            raise BadCursor("This is no cursor of this log.")
        era, transaction_id, event = _PLACE.unpack(place)
        if max(transaction_id, event) > MOST_BIGINT:
            raise BadCursor("This is no cursor of this log.")
        return cls(era, transaction_id, event)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some events in order. `waiting`: more are committed, but an older transaction still runs."""

    events: Sequence[Event]
    end: Cursor  # where to read on
    full: bool  # there may be more right away
    waiting: bool


def emit(
    type: EventType,
    *,
    workspace_id: UUID,
    inbox_id: UUID | None = None,
    thread_id: UUID | None = None,
    message_id: UUID | None = None,
    draft_id: UUID | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Put one event into the log, in the caller's transaction: told only if that commits.

    `payload` holds small facts under snake_case names, and no bodies.
    """
    event = Event(
        type=type,
        workspace_id=workspace_id,
        inbox_id=inbox_id,
        thread_id=thread_id,
        message_id=message_id,
        draft_id=draft_id,
        payload=payload or {},
        created_at=timezone.now(),
    )
    emit_many([event])


def emit_many(events: Sequence[Event]) -> None:
    """Put several events into the log at once, in their order: see `emit`."""
    copy_in(events)
    transaction.on_commit(lambda: hints.nudge(), robust=True)


def end() -> Cursor:
    """The present: whatever is not yet readable comes after this cursor."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OLDEST_RUNNING}")
        (oldest_running,) = cursor.fetchone()
    # No event has id 0: every row of that transaction lies behind this place.
    return Cursor(horizon().era, oldest_running, 0)


def oldest() -> Cursor:
    """Before everything that is kept."""
    pruned = horizon()
    return Cursor(pruned.era, pruned.transaction, pruned.event)


def horizon() -> LogHorizon:
    """How far the log has been pruned, and its era."""
    return LogHorizon.objects.filter(pk=1).first() or LogHorizon()


def check(after: Cursor) -> None:
    """Raise CursorExpired when something after this cursor may be gone, or it is of another era."""
    pruned = horizon()
    if (after.era, after.transaction, after.event) < (
        pruned.era,
        pruned.transaction,
        pruned.event,
    ) or after.era != pruned.era:
        raise CursorExpired


def read(after: Cursor, *, limit: int, where: Q | None = None) -> Batch:
    """The next safe events after a cursor, in order, at most `limit`."""
    rows = list(
        Event.objects.filter(where or Q())
        .filter(transaction__gte=after.transaction)
        .filter(Q(transaction__gt=after.transaction) | Q(id__gt=after.event))
        .annotate(oldest_running=RawSQL(OLDEST_RUNNING, (), BigIntegerField()))  # noqa: S611
        .order_by("transaction", "id")[:limit]
    )
    safe = [row for row in rows if row.transaction < row.oldest_running]
    last = place(safe[-1], after.era) if safe else after
    return Batch(safe, last, full=len(safe) == limit, waiting=len(safe) < len(rows))


def read_whole(after: Cursor, *, limit: int, where: Q | None = None) -> Batch:
    """As `read`; raises CursorExpired where pruning took something this reader had not seen."""
    batch = read(after, limit=limit, where=where)
    check(after)  # Afterwards: what was pruned while we read counts, too.
    return batch


def place(event: Event, era: int) -> Cursor:
    """Where in the log this event stands."""
    return Cursor(era, event.transaction, event.pk)


def prune(now: datetime) -> int:
    """Delete what is older than the log is kept, and say so in the horizon. Returns how many."""
    deleted = 0
    while some := _prune_some(now - KEPT):
        deleted += some
    return deleted


@transaction.atomic
def _prune_some(older_than: datetime) -> int:
    old = (
        Event.objects.filter(created_at__lt=older_than)
        .filter(transaction__lt=RawSQL(OLDEST_RUNNING, ()))  # noqa: S611 - a constant
        .order_by("created_at")
        .values_list("pk", "transaction")[:PRUNED_AT_ONCE]
    )
    gone = sorted((place, pk) for pk, place in old)
    if not gone:
        return 0
    # The horizon moves first: a reader that finds rows missing finds the cursor expired, too.
    LogHorizon.objects.get_or_create(pk=1)
    held = LogHorizon.objects.select_for_update().get(pk=1)
    if gone[-1] > (held.transaction, held.event):
        held.transaction, held.event = gone[-1]
        held.save(update_fields=["transaction", "event"])
    return Event.objects.filter(pk__in=[pk for _, pk in gone]).delete()[0]


@transaction.atomic
def begin_era() -> None:
    """After a restore into another database: transaction ids started over there, so all restored
    events are put before every new one, and every cursor of before is answered with a reset."""
    Event.objects.update(transaction=0)
    LogHorizon.objects.get_or_create(pk=1)
    LogHorizon.objects.filter(pk=1).update(era=F("era") + 1, transaction=0, event=0)
