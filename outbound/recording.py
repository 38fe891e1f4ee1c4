"""What became of an attempt: the deliveries, the log of attempts and the events, all or nothing."""

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from events.models import EventType
from outbound.claims import Claim
from outbound.models import Delivery, DeliveryAttempt
from outbound.retries import next_attempt_delay
from outbound.settling import settle_message, tell_event
from outbound.transports.protocol import Result

logger = logging.getLogger(__name__)
Status = Delivery.Status
Ending = tuple[dict[str, object], EventType | None]  # the row's new fields, and what is told
DELAY_MARKS = (timedelta(minutes=30), timedelta(hours=4))  # when `message.delayed` is told
RETRY_UNCERTAIN_AFTER = timedelta(minutes=1)


def transport_name() -> str:
    """How a delivery's record names the way out: catcher, direct, smarthost."""
    scheme = settings.TRANSPORT.partition(":")[0]
    return "smarthost" if scheme in ("smtp", "smtps") else scheme


@transaction.atomic
def record(
    claim: Claim, results: Sequence[Result], refused: Mapping[str, str], *, started: datetime
) -> None:
    """Write what became of each delivery. `refused`: suppressed recipients, with the reason.

    A server's 5xx is told as `message.bounced`, like a report that comes back later: the agent
    has one thing to listen to. What is no longer ours is passed by.
    """
    now = timezone.now()
    by_address = {result.rcpt_to: result for result in results}
    told: dict[EventType, list[Delivery]] = {}
    for delivery in claim.deliveries:  # In the order of their ids: see `outbound.queue`.
        if delivery.rcpt_to in refused:
            words = refused[delivery.rcpt_to]
            result = Result(delivery.rcpt_to, "failed", 0, words, "")
            ending: Ending = (
                {"status": Status.SUPPRESSED, "settled_at": now},
                EventType.MESSAGE_BOUNCED,
            )
        else:
            result = by_address[delivery.rcpt_to]
            ending = _ending(delivery, result, now)
        event = ending[1]
        if _write(delivery, result, ending[0], started, now) and event:
            told.setdefault(event, []).append(delivery)
    for event, deliveries in told.items():
        tell_event(event, deliveries)
    settle_message(claim.message_id)


def _write(
    delivery: Delivery,
    result: Result,
    fields: dict[str, object],
    started: datetime,
    now: datetime,
) -> bool:
    ours = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, status=Status.SENDING)
    written = ours.update(
        phase=Delivery.Phase.NONE,
        lease_until=None,
        last_reply=result.reply_text,
        last_code=result.reply_code or None,
        last_host=result.host,
        transport=transport_name(),
        **fields,
    )
    if not written:
        logger.warning("delivery %s: answered after its lease was lost", delivery.pk)
        return False
    delivery.last_reply = result.reply_text
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=delivery.attempts,
        started_at=started,
        ended_at=now,
        outcome=result.outcome,
        reply_code=result.reply_code or None,
        reply_text=result.reply_text,
        host=result.host,
    )
    logger.info("delivery %s: %s %s", delivery.pk, result.outcome, result.reply_code)
    return True


def _ending(delivery: Delivery, result: Result, now: datetime) -> Ending:
    if result.outcome == "sent":
        return {"status": Status.SENT, "settled_at": now}, EventType.MESSAGE_SENT
    if result.outcome == "failed":
        return {"status": Status.FAILED, "settled_at": now}, EventType.MESSAGE_BOUNCED
    if result.outcome == "uncertain":
        return uncertain(delivery, now)
    return deferred(delivery, now)


def deferred(delivery: Delivery, now: datetime) -> Ending:
    """Later by the table of MAIL.md, or failed when that has come to its end."""
    first = delivery.first_attempt_at or now
    delay = next_attempt_delay(
        delivery.attempts,
        first_attempt_at=first,
        now=now,
        jitter=random.random(),  # noqa: S311 - spreads load
    )
    if delay is None:
        return {"status": Status.FAILED, "settled_at": now}, EventType.MESSAGE_BOUNCED
    fields: dict[str, object] = {"status": Status.DEFERRED, "next_attempt_at": now + delay}
    marks = sum(now - first >= mark for mark in DELAY_MARKS)
    if marks > delivery.told_delayed:
        return fields | {"told_delayed": marks}, EventType.MESSAGE_DELAYED
    return fields, None


def uncertain(delivery: Delivery, now: datetime) -> Ending:
    """Lost between the last octet and the answer. What a person approved, a person decides on;
    what a policy sent is tried once more: the same Message-ID, the same octets."""
    tried_again = delivery.attempt_log.filter(outcome="uncertain").exists()
    if delivery.by_person or tried_again:
        return {"status": Status.UNCERTAIN}, EventType.MESSAGE_UNCERTAIN
    return {"status": Status.DEFERRED, "next_attempt_at": now + RETRY_UNCERTAIN_AFTER}, None
