"""The queue: `Delivery` rows in PostgreSQL. Celery only wakes those who look here.

Locks are taken in this order everywhere, so that no two wait for each other: the thread (by those
who decide), deliveries by id, the message, the draft, the audit chain.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from events import audit
from inboxes.addresses import fold_address
from inboxes.models import Message
from outbound import hints
from outbound.models import Delivery
from outbound.settling import settle_message

Status = Delivery.Status


def submit(
    message: Message,
    rcpt_tos: Sequence[str],
    *,
    by_person: bool,
    not_before: datetime,
    patience: timedelta | None = None,
) -> list[Delivery]:
    """Queue `message` for each of `rcpt_tos`, inside the caller's transaction.

    Nothing is attempted before `not_before`; until then `withdraw` takes it all back. It is given
    up after `patience`, counted from then (None: after five days). Addresses that differ in case
    alone are one; the first one's local part is kept (RFC 5321 §2.4).
    """
    addresses = {fold_address(each): each.strip() for each in reversed(rcpt_tos)}
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            message=message,
            rcpt_to=f"{addresses[folded].rpartition('@')[0]}@{folded.rpartition('@')[2]}",
            rcpt_domain=folded.rpartition("@")[2],
            by_person=by_person,
            next_attempt_at=not_before,
            expires_at=not_before + patience if patience else None,
        )
        for folded in dict.fromkeys(map(fold_address, rcpt_tos))
    )
    _wake(at=not_before)
    return deliveries


@transaction.atomic
def withdraw(message: Message) -> bool:
    """Cancel every delivery, if no worker has ever claimed one; inside the caller's transaction.

    False: something is under way or done, and nothing was changed.
    """
    deliveries = Delivery.objects.filter(message=message)
    # A worker that claims right now is waited for; one that comes later passes locked rows by.
    locked = deliveries.select_for_update(no_key=True).order_by("pk")
    states = list(locked.values_list("status", "attempts"))
    if any(state != (Status.QUEUED, 0) for state in states):
        return False
    deliveries.update(status=Status.CANCELLED, settled_at=timezone.now())
    Message.objects.filter(pk=message.pk).update(status=Message.Status.CANCELLED)
    return True


@transaction.atomic
def resend_uncertain(delivery: Delivery, *, by: str) -> bool:
    """A person says: send it again, the same octets. False: somebody has answered already."""
    now = timezone.now()
    if not _answer(delivery, status=Status.DEFERRED, next_attempt_at=now):
        return False
    _record(delivery, by, "delivery.resend")
    _wake(at=now)
    return True


@transaction.atomic
def mark_arrived(delivery: Delivery, *, by: str) -> bool:
    """A person says: it arrived. False: somebody has answered already."""
    if not _answer(delivery, status=Status.SENT, settled_at=timezone.now()):
        return False
    _record(delivery, by, "delivery.arrived")
    return True


def _answer(delivery: Delivery, **fields: object) -> bool:
    """Settle what is uncertain, once."""
    still = Delivery.objects.filter(pk=delivery.pk, status=Status.UNCERTAIN)
    if not still.update(phase=Delivery.Phase.NONE, **fields):
        return False
    settle_message(delivery.message_id)
    return True


def _record(delivery: Delivery, by: str, action: str) -> None:
    workspace_id = delivery.message.inbox.workspace_id
    audit.record(workspace_id, actor=by, action=action, subject=f"delivery:{delivery.pk}")


def _wake(*, at: datetime) -> None:
    """Hint to the workers once the transaction stands. A lost hint costs seconds: the sweeper."""
    transaction.on_commit(lambda: hints.give(at=at), robust=True)
