"""One attempt: sign, send, and record what each recipient's server said."""

import logging
import random
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from events.models import EventType
from events.secrecy import derived_key
from inboxes.models import Domain, Message, MessageRaw
from outbound import dkim
from outbound.claims import Claim, LeaseLost
from outbound.envelope import envelope_sender
from outbound.models import Delivery, DeliveryAttempt
from outbound.retries import next_attempt_delay
from outbound.settling import settle_message, tell_event
from outbound.signing import signers_of
from outbound.suppression import suppressed
from outbound.transports.choose import transport_for
from outbound.transports.protocol import Job, Result, Transport

logger = logging.getLogger(__name__)
Status = Delivery.Status
DELAY_MARKS = (timedelta(minutes=30), timedelta(hours=4))  # when `message.delayed` is told
RETRY_UNCERTAIN_AFTER = timedelta(minutes=1)


@lru_cache(maxsize=1)
def transport() -> Transport:
    """The way out that the settings name; one for the process, it may keep connections."""
    return transport_for(settings.TRANSPORT, dns=settings.DNS, hostname=settings.HOSTNAME)


def transport_name() -> str:
    scheme = settings.TRANSPORT.partition(":")[0]
    return "smarthost" if scheme in ("smtp", "smtps") else scheme


def attempt(claim: Claim) -> None:
    """Make one attempt at `claim`'s deliveries. Losing the lease ends it without a trace."""
    started = timezone.now()
    refused = _suppressed_results(claim)
    going = [d for d in claim.deliveries if d.rcpt_to not in {r.rcpt_to for r in refused}]
    results: list[Result] = []
    if going:
        try:
            job = _job(claim.deliveries[0].message, going)
            with claim.kept_alive():
                results = transport().send(job, on_phase=claim.enter)
        except LeaseLost as lost:
            logger.warning("%s", lost)
            return
    record(claim, results, refused, started=started)


def _suppressed_results(claim: Claim) -> list[Result]:
    message = claim.deliveries[0].message
    entries = suppressed(message.inbox.workspace_id, [d.rcpt_to for d in claim.deliveries])
    return [
        Result(address, "failed", 0, f"suppressed: {entry.reason}", "")
        for address, entry in entries.items()
    ]


def _job(message: Message, going: list[Delivery]) -> Job:
    """The transaction: signed octets under an envelope sender that tells a bounce apart."""
    domain = _domain_of(message)
    raw = bytes(MessageRaw.objects.get(message=message).octets)
    mail_from = envelope_sender(going[0].pk, domain=domain.name, key=derived_key("envelope sender"))
    # The Date of the message is the time of the signature: every attempt has the same octets.
    signed_at = int((message.date or message.created_at).timestamp())
    signed = dkim.sign(raw, signers_of(domain), signed_at=signed_at)
    return Job(mail_from, tuple(d.rcpt_to for d in going), signed)


def _domain_of(message: Message) -> Domain:
    """The From domain: the inbox's own, or that of another address of it."""
    own = message.inbox.domain
    name = message.header_from.rpartition("@")[2]
    return own if name == own.name else Domain.objects.get(name=name)


@transaction.atomic
def record(
    claim: Claim, results: list[Result], refused: list[Result], *, started: datetime
) -> None:
    """Write what became of each delivery, its attempt, and the events; all or nothing."""
    now = timezone.now()
    by_address = {result.rcpt_to: result for result in [*results, *refused]}
    suppressed_ones = {result.rcpt_to for result in refused}
    told: dict[EventType, list[Delivery]] = {}
    for delivery in claim.deliveries:
        result = by_address[delivery.rcpt_to]
        fields, event = _outcome(delivery, result, now)
        if delivery.rcpt_to in suppressed_ones:
            fields["status"] = Status.SUPPRESSED
        ours = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, status=Status.SENDING)
        if not ours.update(**fields):
            logger.warning("delivery %s: answered after its lease was lost", delivery.pk)
            continue
        delivery.last_reply = str(fields["last_reply"])
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
        if event:
            told.setdefault(event, []).append(delivery)
    for event, deliveries in told.items():
        tell_event(event, deliveries[0], [d.rcpt_to for d in deliveries])
    settle_message(claim.message_id)


def _outcome(
    delivery: Delivery, result: Result, now: datetime
) -> tuple[dict[str, object], EventType | None]:
    """The row's new fields for a result, and the event to tell."""
    fields: dict[str, object] = {
        "phase": Delivery.Phase.NONE,
        "lease_until": None,
        "last_reply": result.reply_text,
        "last_code": result.reply_code or None,
        "last_host": result.host,
        "transport": transport_name(),
    }
    if result.outcome == "sent":
        return fields | {"status": Status.SENT, "settled_at": now}, EventType.MESSAGE_SENT
    if result.outcome == "failed":
        return fields | {"status": Status.FAILED, "settled_at": now}, EventType.MESSAGE_BOUNCED
    if result.outcome == "uncertain":
        more, event = uncertain(delivery, now)
        return fields | more, event
    return _deferred(fields, delivery, now)


def _deferred(
    fields: dict[str, object], delivery: Delivery, now: datetime
) -> tuple[dict[str, object], EventType | None]:
    first = delivery.first_attempt_at or now
    delay = next_attempt_delay(
        delivery.attempts,
        first_attempt_at=first,
        now=now,
        jitter=random.random(),  # noqa: S311 - spreads load
    )
    if delay is None:
        return fields | {"status": Status.FAILED, "settled_at": now}, EventType.MESSAGE_BOUNCED
    fields |= {"status": Status.DEFERRED, "next_attempt_at": now + delay}
    marks = sum(now - first >= mark for mark in DELAY_MARKS)
    if marks > delivery.told_delayed:
        return fields | {"told_delayed": marks}, EventType.MESSAGE_DELAYED
    return fields, None


def uncertain(delivery: Delivery, now: datetime) -> tuple[dict[str, object], EventType | None]:
    """Lost between the last octet and the answer. What a person approved, a person decides on;
    what a policy sent is tried once more: the same Message-ID, the same octets."""
    tried_again = delivery.attempt_log.filter(outcome="uncertain").exists()
    if delivery.by_person or tried_again:
        return {"status": Status.UNCERTAIN}, EventType.MESSAGE_UNCERTAIN
    return {"status": Status.DEFERRED, "next_attempt_at": now + RETRY_UNCERTAIN_AFTER}, None
