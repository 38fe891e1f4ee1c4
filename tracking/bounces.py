"""What follows from a report about a delivery: told once, whoever tells it and however often.

`note` is the deed. Mail that came back, a refusal in the SMTP session and a provider's webhook all
end here. Locks: the delivery, its message, then what `outbound.suppression` takes.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from events.models import EventType
from inboxes.addresses import fold_address
from inboxes.models import Message
from outbound.models import Delivery, Suppression
from outbound.settling import settle_message, tell_event
from outbound.suppression import Reason, suppress
from tracking.models import DeliveryReport
from tracking.reports import WORDS_LIMIT, Class, Kind, Verdict

logger = logging.getLogger(__name__)

SYSTEM = "system"
SOFT_IN_A_ROW = 3
SOFT_SPAN = timedelta(hours=72)  # a mailbox that is full for an hour is not dead
SOFT_SUPPRESSED_FOR = timedelta(days=14)
# Reports of one message that are kept about people whom it did not go to.
STRANGERS_LIMIT = 20
# Feedback that accuses nobody: RFC 5965 §7.3, RFC 6591.
NO_COMPLAINTS = frozenset(("not-spam", "auth-failure", "dmarc"))

State = DeliveryReport.State
Match = Literal["token", "message_id", "recipient", "provider", "session"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who told us, and how we know what it is about."""

    source: str = "mail"  # smtp, mail, or a provider's name
    matched_by: Match = "token"
    octets: bytes = b""
    feedback_type: str = ""


def note_bounce(
    delivery: Delivery,
    *,
    hard: bool,
    words: str = "",
    why: Class = Class.OTHER,
    status: str = "",
    reply_code: int | None = None,
    source: str,
) -> bool:
    """A provider says that `delivery` came back. False: that was told before."""
    kind = Kind.HARD if hard else Kind.SOFT
    verdict = Verdict(delivery.rcpt_to, kind, why, status, reply_code, words)
    return note(delivery.message_id, verdict, Origin(source, "provider"))


def note_complaint(delivery: Delivery, *, feedback_type: str = "abuse", source: str) -> bool:
    """A provider says that the recipient complained. False: that was told before."""
    verdict = Verdict(delivery.rcpt_to, Kind.COMPLAINT)
    return note(
        delivery.message_id, verdict, Origin(source, "provider", feedback_type=feedback_type)
    )


def note_delay(delivery: Delivery, *, words: str = "", source: str) -> bool:
    """A provider says that it still tries. False: that was told before."""
    verdict = Verdict(delivery.rcpt_to, Kind.DELAYED, words=words)
    return note(delivery.message_id, verdict, Origin(source, "provider"))


def note_delivered(delivery: Delivery, *, words: str = "", source: str) -> bool:
    """A provider says that the recipient's server has it. False: that was told before."""
    verdict = Verdict(delivery.rcpt_to, Kind.DELIVERED, words=words)
    return note(delivery.message_id, verdict, Origin(source, "provider"))


@transaction.atomic
def note(message_id: UUID, verdict: Verdict, origin: Origin) -> bool:
    """Put what was told on record, and do what follows. False: it was told before.

    A report about somebody whom the message did not go to is kept, and changes nothing.
    """
    delivery = _delivery(message_id, verdict)
    report = _first_time(message_id, delivery, verdict, origin)
    if report is None or delivery is None or report.state != State.COUNTED:
        return report is not None
    logger.info("delivery %s: %s %s by %s", delivery.pk, report.kind, report.why, origin.source)
    if verdict.kind.is_bounce:
        _bounced(delivery, report, origin)
    elif verdict.kind is Kind.COMPLAINT:
        delivery.last_reply = report.words
        tell_event(EventType.MESSAGE_COMPLAINED, [delivery])
        _suppress(report, Reason("complaint", report.words))
    elif verdict.kind is Kind.DELAYED:
        delivery.last_reply = report.words
        tell_event(EventType.MESSAGE_DELAYED, [delivery])
    elif verdict.kind is Kind.DELIVERED:
        delivery.last_reply = report.words
        tell_event(EventType.MESSAGE_DELIVERED, [delivery])
    return True


def _delivery(message_id: UUID, verdict: Verdict) -> Delivery | None:
    """The delivery that a verdict speaks of, locked; None if the message did not go there."""
    wanted = {fold_address(address) for address in verdict.addresses}
    deliveries = Delivery.objects.filter(message_id=message_id).select_related(
        "message__inbox", "message__thread"
    )
    locked = deliveries.select_for_update(of=("self",), no_key=True).order_by("pk")
    return next((each for each in locked if fold_address(each.rcpt_to) in wanted), None)


def _first_time(
    message_id: UUID, delivery: Delivery | None, verdict: Verdict, origin: Origin
) -> DeliveryReport | None:
    """The record of it; None where it is one that we have, which counts one more."""
    address = fold_address(delivery.rcpt_to if delivery else verdict.address)[:320]
    told = DeliveryReport.objects.filter(message_id=message_id, address=address)
    if told.filter(kind=verdict.kind).update(times=F("times") + 1):
        return None
    strangers = DeliveryReport.objects.filter(message_id=message_id, delivery=None)
    if delivery is None and strangers.count() >= STRANGERS_LIMIT:
        return None
    message = Message.objects.select_related("inbox").only("inbox__workspace_id").get(pk=message_id)
    return DeliveryReport.objects.create(
        workspace_id=message.inbox.workspace_id,
        message_id=message_id,
        delivery=delivery,
        address=address,
        kind=verdict.kind,
        why=verdict.why if verdict.kind.is_bounce else "",
        status=verdict.status[:12],
        reply_code=verdict.reply_code,
        words=verdict.words[:WORDS_LIMIT],
        source=origin.source[:40],
        matched_by=origin.matched_by,
        state=_state(delivery, verdict, origin),
        octets=origin.octets or None,
    )


def _state(delivery: Delivery | None, verdict: Verdict, origin: Origin) -> DeliveryReport.State:
    if delivery is None:
        return State.OTHER_RECIPIENT
    if verdict.kind is Kind.COMPLAINT and origin.feedback_type in NO_COMPLAINTS:
        return State.NO_EFFECT
    over = (Delivery.Status.FAILED, Delivery.Status.SUPPRESSED, Delivery.Status.CANCELLED)
    if verdict.kind is Kind.DELAYED and delivery.status in over:
        return State.NO_EFFECT
    if verdict.kind.is_bounce and not delivery.attempts:  # it never left: nobody can have it
        return State.NO_EFFECT
    graver = (Kind.HARD,) if verdict.kind is Kind.HARD else (Kind.HARD, Kind.SOFT)
    if verdict.kind.is_bounce and delivery.reports.filter(kind__in=graver).exists():
        return State.NO_EFFECT  # one failure is one, however it is told
    return State.COUNTED


def _bounced(delivery: Delivery, report: DeliveryReport, origin: Origin) -> None:
    """The delivery has failed after all. What the session already told is not told again."""
    if origin.matched_by != "session" and delivery.status != Delivery.Status.FAILED:
        fields = {
            "status": Delivery.Status.FAILED,
            "last_reply": report.words,
            "last_code": report.reply_code,
            "settled_at": timezone.now(),
            "phase": Delivery.Phase.NONE,
            "lease_until": None,
            "fence": F("fence") + 1,  # an attempt that is under way has lost it
        }
        Delivery.objects.filter(pk=delivery.pk).update(**fields)
        delivery.last_reply = report.words
        tell_event(EventType.MESSAGE_BOUNCED, [delivery])
        settle_message(delivery.message_id)
    if report.kind == Kind.HARD and origin.matched_by != "recipient":
        _suppress(report, Reason("bounce", report.words))
    elif _row_of_soft_ones(report, delivery):
        _suppress(report, Reason("bounce", report.words, timezone.now() + SOFT_SUPPRESSED_FOR))


def _row_of_soft_ones(report: DeliveryReport, delivery: Delivery) -> bool:
    """Whether this is at least the third soft one in a row, and the row lasts 72 hours or more.

    What was delivered without coming back, or a mail from there, ends a row.
    """
    bounced = DeliveryReport.objects.filter(
        workspace_id=report.workspace_id, address=report.address, state=State.COUNTED
    ).filter(kind__in=[Kind.SOFT, Kind.HARD])
    times = list(bounced.order_by("-created_at").values_list("created_at", flat=True)[:50])
    since = _last_life_sign(report, delivery)
    row = [at for at in times if since is None or at > since]
    return len(row) >= SOFT_IN_A_ROW and row[0] - row[-1] >= SOFT_SPAN


def _last_life_sign(report: DeliveryReport, delivery: Delivery) -> datetime | None:
    written = Message.objects.filter(
        inbox__workspace_id=report.workspace_id,
        direction=Message.Direction.INBOUND,
        header_from=report.address,
        is_automated=False,
    )
    delivered = Delivery.objects.filter(
        message__inbox__workspace_id=report.workspace_id,
        rcpt_to__in={report.address, delivery.rcpt_to},
        status=Delivery.Status.SENT,
    )
    signs = [
        written.order_by("-received_at").values_list("received_at", flat=True).first(),
        delivered.order_by("-settled_at").values_list("settled_at", flat=True).first(),
    ]
    return max((sign for sign in signs if sign), default=None)


def _suppress(report: DeliveryReport, reason: Reason) -> None:
    """What was put there by hand, or for a graver reason, stays as it is."""
    now = timezone.now()
    present = Suppression.objects.filter(workspace_id=report.workspace_id, address=report.address)
    entry = present.first()
    if entry is not None and (entry.expires_at is None or entry.expires_at > now):
        stays = entry.reason != "bounce" or entry.expires_at is None
        if stays and not (reason.code == "complaint" and entry.reason == "bounce"):
            return
    suppress(report.workspace, report.address, reason, by=SYSTEM)
