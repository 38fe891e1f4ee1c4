"""The queue: `Delivery` rows in PostgreSQL. Celery only wakes those who look here."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from events import audit
from inboxes.addresses import fold_address
from inboxes.models import Message
from outbound import tasks
from outbound.models import Delivery
from outbound.settling import settle_message

logger = logging.getLogger(__name__)
Status = Delivery.Status


def submit(
    message: Message, rcpt_tos: Sequence[str], *, by_person: bool, not_before: datetime
) -> list[Delivery]:
    """Queue `message` for each of `rcpt_tos`, inside the caller's transaction.

    Nothing is attempted before `not_before`; until then `withdraw` takes it all back.
    """
    addresses = dict.fromkeys(fold_address(rcpt_to) for rcpt_to in rcpt_tos)
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            message=message,
            rcpt_to=address,
            rcpt_domain=address.rpartition("@")[2],
            by_person=by_person,
            next_attempt_at=not_before,
        )
        for address in addresses
    )
    _wake(message.pk, {delivery.rcpt_domain for delivery in deliveries}, at=not_before)
    return deliveries


def withdraw(message: Message) -> bool:
    """Cancel every delivery, if no worker has ever claimed one; inside the caller's transaction.

    False: something is under way or done, and nothing was changed.
    """
    deliveries = Delivery.objects.filter(message=message)
    with transaction.atomic():
        total = deliveries.select_for_update().order_by("pk").values_list("pk", flat=True)
        untouched = deliveries.filter(status=Status.QUEUED, attempts=0)
        everything = len(total)
        if untouched.update(status=Status.CANCELLED, settled_at=timezone.now()) != everything:
            transaction.set_rollback(True)
            return False
        Message.objects.filter(pk=message.pk).update(status=Message.Status.CANCELLED)
    return True


@transaction.atomic
def resend_uncertain(delivery: Delivery, *, by: str) -> bool:
    """A person says: send it again, the same octets. False: somebody has answered already."""
    changed = Delivery.objects.filter(pk=delivery.pk, status=Status.UNCERTAIN).update(
        status=Status.DEFERRED, next_attempt_at=timezone.now(), phase=Delivery.Phase.NONE
    )
    if not changed:
        return False
    _record(delivery, by, "delivery.resend")
    settle_message(delivery.message_id)
    _wake(delivery.message_id, {delivery.rcpt_domain}, at=timezone.now())
    return True


@transaction.atomic
def mark_arrived(delivery: Delivery, *, by: str) -> bool:
    """A person says: it arrived. False: somebody has answered already."""
    now = timezone.now()
    changed = Delivery.objects.filter(pk=delivery.pk, status=Status.UNCERTAIN).update(
        status=Status.SENT, settled_at=now, phase=Delivery.Phase.NONE
    )
    if not changed:
        return False
    _record(delivery, by, "delivery.arrived")
    settle_message(delivery.message_id)
    return True


def _record(delivery: Delivery, by: str, action: str) -> None:
    workspace_id = delivery.message.inbox.workspace_id
    audit.record(workspace_id, actor=by, action=action, subject=f"delivery:{delivery.pk}")


def _wake(message_id: UUID, domains: Iterable[str], *, at: datetime) -> None:
    """Hint to the workers once the transaction stands. A lost hint costs seconds: the sweeper."""
    named = sorted(domains)

    def hint() -> None:
        wait = max(0.0, (at - timezone.now()).total_seconds())
        try:
            for domain in named:
                tasks.attempt_deliveries.apply_async(
                    (str(message_id), domain), countdown=wait or None, retry=False
                )
        except (OperationalError, OSError) as error:
            logger.warning("no hint for message %s: %s", message_id, type(error).__name__)

    transaction.on_commit(hint, robust=True)
