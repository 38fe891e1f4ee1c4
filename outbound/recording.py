"""What became of an attempt: the deliveries, the log of attempts and the events, all or nothing."""

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from events.copying import copy_in
from events.models import EventType
from outbound.claims import Claim
from outbound.models import Delivery, DeliveryAttempt
from outbound.retries import GIVE_UP_AFTER, next_attempt_delay
from outbound.settling import Told, settle_messages, tell_events
from outbound.transports.protocol import Result

logger = logging.getLogger(__name__)
Status = Delivery.Status
Ending = tuple[dict[str, object], EventType | None]  # the row's new fields, and what is told
DELAY_MARKS = (timedelta(minutes=30), timedelta(hours=4))  # when `message.delayed` is told
RETRY_UNCERTAIN_AFTER = timedelta(minutes=1)

# Rows are locked in the order of their ids, as everywhere.
_RECORD = """
    WITH ended AS (
        SELECT *
          FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[], %(statuses)s::text[],
                      %(replies)s::text[], %(codes)s::smallint[], %(hosts)s::text[],
                      %(settled)s::timestamptz[], %(next)s::timestamptz[], %(told)s::smallint[],
                      %(reports)s::boolean[], %(transports)s::text[])
               AS given (id, fence, status, reply, code, host, settled_at, next_at, told, report,
                         transport)
    ), ours AS (
        SELECT delivery.id
          FROM outbound_delivery AS delivery
          JOIN ended ON delivery.id = ended.id AND delivery.fence = ended.fence
         WHERE delivery.status = 'sending'
         ORDER BY delivery.id
           FOR NO KEY UPDATE OF delivery
    )
    UPDATE outbound_delivery AS delivery
       SET status = ended.status,
           phase = '',
           lease_until = NULL,
           last_reply = ended.reply,
           last_code = ended.code,
           last_host = ended.host,
           transport = ended.transport,
           settled_at = ended.settled_at,
           next_attempt_at = coalesce(ended.next_at, delivery.next_attempt_at),
           told_delayed = coalesce(ended.told, delivery.told_delayed),
           report_due = ended.report
      FROM ours JOIN ended USING (id)
     WHERE delivery.id = ours.id
 RETURNING delivery.id
"""


def transport_name() -> str:
    """How a delivery's record names the installation's way out: catcher, direct, smarthost."""
    scheme = settings.TRANSPORT.partition(":")[0]
    return "smarthost" if scheme in ("smtp", "smtps") else scheme


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that is over. `refused`: suppressed recipients, with the reason."""

    claim: Claim
    results: Sequence[Result]
    refused: Mapping[str, str]
    started: datetime


@dataclass(frozen=True, slots=True)
class _End:
    """What became of one delivery: the row's new fields, and what is told."""

    delivery: Delivery
    result: Result
    started: datetime
    fields: Mapping[str, object]
    event: EventType | None


def record(
    claim: Claim, results: Sequence[Result], refused: Mapping[str, str], *, started: datetime
) -> None:
    """`record_many` for one attempt."""
    record_many([Ended(claim, results, refused, started)])


@transaction.atomic
def record_many(ended: Sequence[Ended]) -> None:
    """Write what became of each delivery of some attempts, in one transaction.

    A server's 5xx is told as `message.bounced`, like a report that comes back later: the agent
    has one thing to listen to. What is no longer ours is passed by.
    """
    now = timezone.now()
    ends = [end for each in ended for end in _ends(each, now)]
    written = _write(ends)
    for end in ends:
        if end.delivery.pk not in written:
            logger.warning("delivery %s: answered after its lease was lost", end.delivery.pk)
    ours = [end for end in ends if end.delivery.pk in written]
    copy_in([_attempt(end, now) for end in ours])
    tell_events(_told(ours))
    settle_messages({end.delivery.message_id for end in ours})
    for end in ours:
        result = end.result
        logger.info("delivery %s: %s %s", end.delivery.pk, result.outcome, result.reply_code)


def _ends(ended: Ended, now: datetime) -> Iterator[_End]:
    by_address = {result.rcpt_to: result for result in ended.results}
    for delivery in ended.claim.deliveries:
        if delivery.rcpt_to in ended.refused:
            words = ended.refused[delivery.rcpt_to]
            result = Result(delivery.rcpt_to, "failed", 0, words, "")
            ending: Ending = (
                {"status": Status.SUPPRESSED, "settled_at": now},
                EventType.MESSAGE_BOUNCED,
            )
        else:
            result = by_address[delivery.rcpt_to]
            ending = _ending(delivery, result, now)
        yield _End(delivery, result, ended.started, *ending)


def _write(ends: Sequence[_End]) -> set[int]:
    """Give each row that is still ours its end; the ids of those."""
    values: dict[str, Any] = {
        "ids": [end.delivery.pk for end in ends],
        "fences": [end.delivery.fence for end in ends],
        "statuses": [str(end.fields["status"]) for end in ends],
        "replies": [end.result.reply_text for end in ends],
        "codes": [end.result.reply_code or None for end in ends],
        "hosts": [end.result.host for end in ends],
        "settled": [end.fields.get("settled_at") for end in ends],
        "next": [end.fields.get("next_attempt_at") for end in ends],
        "told": [end.fields.get("told_delayed") for end in ends],
        "reports": [bool(end.fields.get("report_due")) for end in ends],
        "transports": [end.delivery.transport or transport_name() for end in ends],
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, values)
        return {pk for (pk,) in cursor.fetchall()}


def _told(ends: Sequence[_End]) -> list[Told]:
    """One event for all recipients of a message to whom the same happened."""
    told: dict[tuple[EventType, UUID, bool], list[Delivery]] = {}
    for end in ends:
        end.delivery.last_reply = end.result.reply_text
        end.delivery.status = str(end.fields["status"])
        if end.event:
            is_suppressed = end.fields["status"] == Status.SUPPRESSED
            same = end.event, end.delivery.message_id, is_suppressed
            told.setdefault(same, []).append(end.delivery)
    return [(event, deliveries) for (event, _, _), deliveries in told.items()]


def _attempt(end: _End, now: datetime) -> DeliveryAttempt:
    return DeliveryAttempt(
        delivery=end.delivery,
        number=end.delivery.attempts,
        started_at=end.started,
        ended_at=now,
        outcome=end.result.outcome,
        reply_code=end.result.reply_code or None,
        reply_text=end.result.reply_text,
        host=end.result.host,
    )


def _ending(delivery: Delivery, result: Result, now: datetime) -> Ending:
    if result.outcome == "sent":
        return {"status": Status.SENT, "settled_at": now}, EventType.MESSAGE_SENT
    if result.outcome == "failed":
        return {"status": Status.FAILED, "settled_at": now}, EventType.MESSAGE_BOUNCED
    if result.outcome == "uncertain":
        return uncertain(delivery, now)
    return deferred(delivery, now)


def deferred(delivery: Delivery, now: datetime) -> Ending:
    """Later by the table of MAIL.md, or failed when that has come to its end: then the sender's
    inbox gets a report."""
    first = delivery.first_attempt_at or now
    patience = delivery.expires_at - first if delivery.expires_at else GIVE_UP_AFTER
    delay = next_attempt_delay(
        delivery.attempts,
        first_attempt_at=first,
        now=now,
        jitter=random.random(),  # noqa: S311 - spreads load
        give_up_after=min(patience, GIVE_UP_AFTER),
    )
    if delay is None:
        given_up = {"status": Status.FAILED, "settled_at": now, "report_due": True}
        return given_up, EventType.MESSAGE_BOUNCED
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
