"""The switches: nothing of what they reach leaves, nothing is lost, and all of it leaves later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Workspace
from events import audit, log
from events.models import Event, EventType
from inboxes.models import Domain, Inbox
from outbound import hints
from outbound.models import Home, Pause, Reputation
from outbound.pause_models import NOBODY
from outbound.pauses import HERE

Reach, Extent = Pause.Reach, Pause.Extent
RESTORED = (
    "This database was restored from a backup. Some of what waits may have left before: look at "
    "the outbox, then resume."
)


@dataclass(frozen=True, slots=True)
class Switch:
    """One of the switches: what it reaches, and which mail."""

    reach: Pause.Reach = Reach.INSTALLATION
    of: UUID = NOBODY
    extent: Pause.Extent = Extent.EVERYTHING

    @property
    def subject(self) -> str:
        return self.reach if self.reach == Reach.INSTALLATION else f"{self.reach}:{self.of}"


@transaction.atomic
def pause(switch: Switch, *, reason: str, by: str, facts: Mapping[str, Any] | None = None) -> Pause:
    """Hold back what `switch` reaches. One that is off already keeps its first reason.

    Tells `sending.paused` with `reason`; `facts` say more, or say it otherwise.
    """
    row, made = Pause.objects.get_or_create(
        reach=switch.reach,
        of=switch.of,
        extent=switch.extent,
        defaults={"reason": reason, "set_by": by},
    )
    if made:
        _record(switch, "sending.pause", by, reason=reason[:200])
        _tell(EventType.SENDING_PAUSED, switch, {"reason": reason, **(facts or {})})
    return row


@transaction.atomic
def resume(switch: Switch, *, by: str) -> bool:
    """Let what `switch` held back leave. False: it was not off."""
    found = Pause.objects.filter(reach=switch.reach, of=switch.of, extent=switch.extent)
    if not found.delete()[0]:
        return False
    if switch.reach == Reach.WORKSPACE:  # What was before does not count against it again.
        begin = {"counted_from": timezone.now(), "warned_at": None}
        Reputation.objects.update_or_create(workspace_id=switch.of, defaults=begin)
    _record(switch, "sending.resume", by)
    _tell(EventType.SENDING_RESUMED, switch, {})
    now = timezone.now()
    transaction.on_commit(lambda: hints.give(at=now), robust=True)
    return True


def _record(switch: Switch, action: str, by: str, **facts: Any) -> None:
    details = {"extent": switch.extent, **facts}
    workspace_id = _workspace_of(switch)
    audit.record(workspace_id, actor=by, action=action, subject=switch.subject, details=details)


def _tell(event: EventType, switch: Switch, facts: Mapping[str, Any]) -> None:
    """One event for each workspace that the switch reaches."""
    if switch.reach == Reach.INSTALLATION:
        reached = list(Workspace.objects.values_list("pk", flat=True))
    else:
        reached = [_workspace_of(switch)]
    inbox_id = switch.of if switch.reach == Reach.INBOX else None
    payload = {"reach": switch.reach, "extent": switch.extent, **facts}
    now = timezone.now()
    log.emit_many(
        [
            Event(
                type=event,
                workspace_id=workspace_id,
                inbox_id=inbox_id,
                payload=payload,
                created_at=now,
            )
            for workspace_id in reached
        ]
    )


def _workspace_of(switch: Switch) -> UUID:
    """The workspace in whose record it is put down."""
    if switch.reach == Reach.DOMAIN:
        return Domain.objects.values_list("workspace_id", flat=True).get(pk=switch.of)
    if switch.reach == Reach.INBOX:
        return Inbox.objects.values_list("workspace_id", flat=True).get(pk=switch.of)
    return switch.of if switch.reach == Reach.WORKSPACE else audit.INSTALLATION


@transaction.atomic
def note_home() -> None:
    """Remember where the database is. One that was restored elsewhere is paused, and its event log
    begins a new era."""
    with connection.cursor() as cursor:
        cursor.execute(HERE)
        (here,) = cursor.fetchone() or ("",)
    known, is_new = Home.objects.select_for_update().get_or_create(pk=1, defaults={"home": here})
    if is_new or known.home == here:
        return
    pause(Switch(), reason=RESTORED, by="system")
    Home.objects.filter(pk=1).update(home=here)
    log.begin_era()
