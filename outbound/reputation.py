"""The guard: a workspace whose mail comes back stops sending automatically, before receivers stop
taking anything from this installation."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from events.log import emit
from events.models import Event, EventType
from outbound.models import Pause, Reputation
from outbound.switching import Switch, pause

logger = logging.getLogger(__name__)
WINDOW = timedelta(days=7)  # as long as the event log is kept
LOOKED_AT = timedelta(minutes=2)  # how new a bounce is that has the guard look at its workspace
AT_LEAST = 50  # sent; below that shares mean nothing
MOST_BOUNCES = 0.08
MOST_COMPLAINTS = 0.003
BY = "system"

_BOUNCES, _COMPLAINTS = EventType.MESSAGE_BOUNCED.value, EventType.MESSAGE_COMPLAINED.value
_SENT = """
    SELECT count(*)
      FROM outbound_delivery AS delivery
      JOIN inboxes_message AS message ON message.id = delivery.message_id
      JOIN inboxes_inbox AS inbox ON inbox.id = message.inbox_id
     WHERE inbox.workspace_id = %(workspace)s AND delivery.settled_at > %(since)s
       AND delivery.status IN ('sent', 'failed') AND delivery.attempts > 0
"""
# A recipient of a message counts once, however often it is told.
_RETURNED = """
    SELECT event.type, count(DISTINCT (event.message_id, recipient))
      FROM events_event AS event
      LEFT JOIN LATERAL jsonb_array_elements_text(event.payload -> 'recipients') AS recipient
        ON true
     WHERE event.workspace_id = %(workspace)s AND event.created_at > %(since)s
       AND event.type = ANY(%(types)s) AND NOT event.payload ? 'suppressed'
     GROUP BY event.type
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """A workspace's mail of the last days."""

    sent: int
    bounced: int
    complained: int

    @property
    def badness(self) -> float:
        """1 and more: too bad to go on. 0.5: a warning. 0 where too little was sent to tell."""
        if self.sent < AT_LEAST:
            return 0.0
        bounces = self.bounced / self.sent / MOST_BOUNCES
        return max(bounces, self.complained / self.sent / MOST_COMPLAINTS)

    def __str__(self) -> str:
        return (
            f"of {self.sent} messages of the last {WINDOW.days} days {self.bounced} bounced "
            f"({self.bounced / max(self.sent, 1):.1%}) and {self.complained} were complained "
            f"about ({self.complained / max(self.sent, 1):.2%})"
        )


def figures(workspace_id: UUID, *, counted_from: datetime | None = None) -> Figures:
    """What became of the workspace's mail, by people and by policies."""
    since = timezone.now() - WINDOW
    values: dict[str, Any] = {
        "workspace": workspace_id,
        "since": max(since, counted_from) if counted_from else since,
        "types": [_BOUNCES, _COMPLAINTS],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SENT, values)
        (sent,) = cursor.fetchone() or (0,)
        cursor.execute(_RETURNED, values)
        returned = dict(cursor.fetchall())
    return Figures(sent, returned.get(_BOUNCES, 0), returned.get(_COMPLAINTS, 0))


def guard() -> None:
    """Look at the workspaces whose mail has come back of late; warn, or pause."""
    since = timezone.now() - LOOKED_AT
    recent = Event.objects.filter(created_at__gt=since, type__in=[_BOUNCES, _COMPLAINTS])
    for workspace_id in set(recent.values_list("workspace_id", flat=True)):
        judge(workspace_id)


@transaction.atomic
def judge(workspace_id: UUID) -> None:
    """Warn at half of what is too much, pause automatic sending at the whole; each told once."""
    Reputation.objects.get_or_create(workspace_id=workspace_id)
    known = Reputation.objects.select_for_update().get(workspace_id=workspace_id)
    counted = figures(workspace_id, counted_from=known.counted_from)
    switch = switch_of(workspace_id)
    if counted.badness >= 1:
        if not Pause.objects.filter(reach=switch.reach, of=workspace_id, extent=switch.extent):
            reason = f"The guard stopped it: {counted}. People can still send."
            logger.warning("workspace %s: %s", workspace_id, EventType.SENDING_PAUSED)
            pause(switch, reason=reason, by=BY, facts=_facts(counted))
    elif counted.badness >= 0.5 and known.warned_at is None:
        _tell(EventType.SENDING_WARNED, workspace_id, counted)
        Reputation.objects.filter(pk=workspace_id).update(warned_at=timezone.now())
    elif counted.badness < 0.5 and known.warned_at is not None:
        Reputation.objects.filter(pk=workspace_id).update(warned_at=None)


def switch_of(workspace_id: UUID) -> Switch:
    """The switch that the guard throws."""
    return Switch(Pause.Reach.WORKSPACE, workspace_id, Pause.Extent.AUTOMATIC)


def _tell(event: EventType, workspace_id: UUID, counted: Figures) -> None:
    logger.warning("workspace %s: %s", workspace_id, event)
    emit(event, workspace_id=workspace_id, payload=_facts(counted))


def _facts(counted: Figures) -> dict[str, Any]:
    return {
        "reason": str(counted),
        "sent": counted.sent,
        "bounced": counted.bounced,
        "complained": counted.complained,
    }
