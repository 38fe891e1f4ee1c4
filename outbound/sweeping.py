"""The sweeper: finds what a dead worker left, and whether anything is due. Hints are optional."""

import logging

from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from outbound.models import Delivery, DeliveryAttempt
from outbound.recording import deferred, uncertain
from outbound.settling import settle_message, tell_event

logger = logging.getLogger(__name__)
Status = Delivery.Status
BATCH = 500
SILENT_RETRIES = 5  # then a message that kills workers waits as one that servers defer


def release_expired() -> int:
    """Deliveries whose lease has ended: before `committing` they are simply due again; at
    `committing` nobody knows, and they are uncertain. Returns how many."""
    expired = Delivery.objects.filter(status=Status.SENDING, lease_until__lt=Now())
    pks = list(expired.order_by("lease_until").values_list("pk", flat=True)[:BATCH])
    return sum(_released(pk) for pk in pks)


def _released(pk: int) -> bool:
    try:
        return _release(pk)
    except DatabaseError:
        raise
    except Exception:  # The sweeper's outer loop: the others must not wait for this one.
        logger.exception("delivery %s: cannot be released", pk)
        return False


@transaction.atomic
def _release(pk: int) -> bool:
    rows = Delivery.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    delivery = (
        rows.filter(pk=pk, status=Status.SENDING, lease_until__lt=Now())
        .select_related("message__inbox", "message__thread")
        .first()
    )
    if delivery is None:
        return False
    now = timezone.now()
    event = None
    fields: dict[str, object] = {"status": Status.DEFERRED, "next_attempt_at": now}
    if delivery.phase == Delivery.Phase.COMMITTING:
        delivery.last_reply = "The worker died before the server's answer was recorded."
        fields, event = uncertain(delivery, now)
        fields |= {"last_reply": delivery.last_reply, "last_code": None}
        DeliveryAttempt.objects.create(
            delivery=delivery,
            number=delivery.attempts,
            started_at=delivery.first_attempt_at or now,
            ended_at=now,
            outcome="uncertain",
            reply_text=delivery.last_reply,
        )
    elif delivery.attempts > SILENT_RETRIES:
        delivery.last_reply = "The worker died before anything was handed over."
        fields, event = deferred(delivery, now)
        fields |= {"last_reply": delivery.last_reply, "last_code": None}
    Delivery.objects.filter(pk=pk).update(
        **fields, phase=Delivery.Phase.NONE, lease_until=None, fence=F("fence") + 1
    )
    logger.warning("delivery %s: lease ended in phase %r", pk, delivery.phase)
    if event:
        tell_event(event, [delivery])
    settle_message(delivery.message_id)
    return True


def something_is_due() -> bool:
    """Whether a worker would find anything to claim now."""
    return Delivery.objects.filter(status__in=Delivery.WAITING, next_attempt_at__lte=Now()).exists()
