"""The switches: nothing of what they reach leaves, nothing is lost, and all of it leaves later."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from events import audit, log
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
def pause(switch: Switch, *, reason: str, by: str) -> Pause:
    """Hold back what `switch` reaches. One that is off already keeps its first reason."""
    row, made = Pause.objects.get_or_create(
        reach=switch.reach,
        of=switch.of,
        extent=switch.extent,
        defaults={"reason": reason, "set_by": by},
    )
    if made:
        _record(switch, "sending.pause", by, reason=reason[:200])
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
    now = timezone.now()
    transaction.on_commit(lambda: hints.give(at=now), robust=True)
    return True


def _record(switch: Switch, action: str, by: str, **facts: Any) -> None:
    details = {"extent": switch.extent, **facts}
    workspace_id = _workspace_of(switch)
    audit.record(workspace_id, actor=by, action=action, subject=switch.subject, details=details)


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
