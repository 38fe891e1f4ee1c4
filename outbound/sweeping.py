"""The sweeper: finds what a dead worker left, and whether anything is due. Hints are optional."""

import logging

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from outbound.attempts import uncertain
from outbound.models import Delivery, DeliveryAttempt
from outbound.settling import settle_message, tell_event

logger = logging.getLogger(__name__)
Status = Delivery.Status
BATCH = 500


def release_expired() -> int:
    """Deliveries whose lease has ended: before `committing` they are simply due again; at
    `committing` nobody knows, and they are uncertain. Returns how many."""
    expired = Delivery.objects.filter(status=Status.SENDING, lease_until__lt=Now())
    pks = list(expired.order_by("lease_until").values_list("pk", flat=True)[:BATCH])
    return sum(_release(pk) for pk in pks)


@transaction.atomic
def _release(pk: int) -> bool:
    rows = Delivery.objects.select_for_update(skip_locked=True, of=("self",))
    delivery = (
        rows.filter(pk=pk, status=Status.SENDING, lease_until__lt=Now())
        .select_related("message__inbox")
        .first()
    )
    if delivery is None:
        return False
    now = timezone.now()
    event = None
    fields: dict[str, object] = {"status": Status.DEFERRED, "next_attempt_at": now}
    if delivery.phase == Delivery.Phase.COMMITTING:
        fields, event = uncertain(delivery, now)
        DeliveryAttempt.objects.create(
            delivery=delivery,
            number=delivery.attempts,
            started_at=delivery.first_attempt_at or now,
            ended_at=now,
            outcome="uncertain",
            reply_text="The worker died before the server's answer was recorded.",
        )
    Delivery.objects.filter(pk=pk).update(
        **fields, phase=Delivery.Phase.NONE, lease_until=None, fence=F("fence") + 1
    )
    logger.warning("delivery %s: lease ended in phase %r", pk, delivery.phase)
    if event:
        tell_event(event, delivery, [delivery.rcpt_to])
    settle_message(delivery.message_id)
    return True


def something_is_due() -> bool:
    return Delivery.objects.filter(status__in=Delivery.WAITING, next_attempt_at__lte=Now()).exists()
