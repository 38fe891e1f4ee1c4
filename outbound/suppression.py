"""Addresses that get no mail from a workspace."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Workspace
from events import audit
from events.log import emit
from events.models import EventType
from events.wire import moment
from outbound.models import Suppression

_REASONS = """
    SELECT address, reason
      FROM outbound_suppression
     WHERE workspace_id = %s AND address = ANY(%s)
       AND (expires_at IS NULL OR expires_at > now())
"""


def suppressed(workspace_id: UUID, addresses: Iterable[str]) -> dict[str, Suppression]:
    """Those of the folded `addresses` that are suppressed now, with the entry that says why."""
    in_force = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    found = Suppression.objects.filter(
        in_force, workspace_id=workspace_id, address__in=list(addresses)
    )
    return {entry.address: entry for entry in found}


def reasons_to_withhold(workspace_id: UUID, addresses: Iterable[str]) -> dict[str, str]:
    """Why the folded `addresses` get no mail now, for those that do not. Asked of every message
    before it leaves."""
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, [workspace_id, list(addresses)])
        return dict(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an address gets no mail, the words of the report behind it, and until when."""

    code: str = "manual"
    report: str = ""
    expires_at: datetime | None = None


@transaction.atomic
def suppress(workspace: Workspace, address: str, reason: Reason, *, by: str) -> Suppression:
    """Send nothing to the folded `address` from now on; told as `address.suppressed` where that
    is new. An entry that is there takes the new reason. `is_new` on what is answered says which.
    """
    now = timezone.now()
    entry = Suppression.objects.select_for_update(of=("self",)).filter(
        workspace=workspace, address=address
    )
    present = entry.first()
    in_force = present is not None and (present.expires_at is None or present.expires_at > now)
    since = {} if in_force else {"created_at": now, "created_by": by}
    told = {"reason": reason.code, "detail": reason.report, "expires_at": reason.expires_at}
    suppression, _ = Suppression.objects.update_or_create(
        workspace=workspace,
        address=address,
        defaults={**told, **since},
        create_defaults={**told, "created_at": now, "created_by": by},
    )
    suppression.is_new = not in_force
    if not in_force:
        emit(EventType.ADDRESS_SUPPRESSED, workspace_id=workspace.pk, payload=_facts(suppression))
    _record(suppression, "suppression.change" if in_force else "suppression.add", by)
    return suppression


@transaction.atomic
def release(suppression: Suppression, *, by: str) -> None:
    """Let mail go there again, on record."""
    _record(suppression, "suppression.release", by)
    suppression.delete()


def _facts(suppression: Suppression) -> dict[str, object]:
    return {
        "address": suppression.address,
        "reason": suppression.reason,
        "report": suppression.detail[:1000],
        "expires_at": moment(suppression.expires_at),
    }


def _record(suppression: Suppression, action: str, by: str) -> None:
    audit.record(
        suppression.workspace_id,
        actor=by,
        action=action,
        subject=f"suppression:{suppression.pk}",
        details={"reason": suppression.reason},
    )
