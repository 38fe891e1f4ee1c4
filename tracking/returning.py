"""Reports as they arrive: found out what they are about, and noted (`tracking.bounces`).

They come for the signed envelope sender of a delivery, and then are nobody's mail; or, from servers
that answer elsewhere, into an inbox, where they stay as automatic mail with the label `report`.
What they are about is told by the signature, else by the Message-ID that they enclose, else by
recipient and time.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from events.statements import rows_of
from inboxes.addresses import fold_address
from inboxes.letters import Envelope
from inboxes.models import Message, MessageRaw
from inboxes.recipients import Recipient
from inboxes.returns import Taking
from outbound import return_paths
from outbound.envelope import looks_signed
from outbound.models import Delivery, Suppression
from outbound.notices import Notice
from outbound.suppression import release
from tracking.bounces import SYSTEM, Match, Origin, note
from tracking.models import Absence
from tracking.report_classes import class_of, kind_of, status_in
from tracking.report_reading import read_report
from tracking.reports import WORDS_LIMIT, Kind, Report, Verdict

REPORT_LABEL = "report"
_REPORTS = (Kind.HARD, Kind.SOFT, Kind.DELAYED, Kind.COMPLAINT, Kind.DELIVERED)
_BY_TIME = timedelta(days=6)  # the queue of the last server on the way: five days and one more
_OCTETS_KEPT = 256 * 1024
# Asked on every arrival, and hardly ever answered.
_ALIVE = """
    SELECT DISTINCT suppression.id
      FROM outbound_suppression AS suppression
      JOIN inboxes_inbox AS inbox ON inbox.workspace_id = suppression.workspace_id
      JOIN unnest(%(inboxes)s::uuid[], %(addresses)s::text[]) AS wrote (inbox_id, address)
        ON wrote.inbox_id = inbox.id AND wrote.address = suppression.address
     WHERE suppression.reason = 'bounce'
"""


class ReturnPath:
    """The addresses that our envelope senders name (`inboxes.recipients.ReturnAddresses`)."""

    def owns(self, rcpt_to: str) -> bool:
        return looks_signed(rcpt_to.rpartition("@")[0])

    def find(self, rcpt_to: str) -> Recipient | None:
        """The inbox that the delivery was from; None where the signature does not hold."""
        found = return_paths.delivery_of(rcpt_to)
        if found is None:
            return None
        delivery_id, domain = found
        rows = Delivery.objects.filter(pk=delivery_id, message__inbox__deleted_at=None)
        ids = rows.values_list(
            "message__header_from", "message__inbox_id", "message__inbox__workspace_id"
        ).first()
        if ids is None or ids[0].rpartition("@")[2] != domain:
            return None
        return Recipient(rcpt_to, ids[1], ids[2], delivery_id)


def read_returned(envelope: Envelope, raw: bytes, recipient: Recipient) -> Taking | None:
    """Listen to `inboxes.returns`: what to do with a report. None: it is mail, if automatic."""
    report = read_report(raw, mail_from=envelope.mail_from)
    if report.kind not in _REPORTS:
        return None
    delivery_id = recipient.delivery_id
    return lambda: _take_returned(report, raw, delivery_id)


def _take_returned(report: Report, raw: bytes, delivery_id: int | None) -> None:
    delivery = Delivery.objects.filter(pk=delivery_id or 0).first()
    if delivery is not None:
        _note_all(report, delivery, "token", raw)


def message_stored(message: Message) -> None:
    """Listen to `inboxes.notices`: reports and absences among what came into an inbox."""
    if not (message.is_inbound and message.is_automated):
        return
    stored = MessageRaw.objects.filter(message=message).values_list("octets", flat=True).first()
    report = read_report(bytes(stored or b""), mail_from=message.mail_from)
    if report.kind is Kind.OUT_OF_OFFICE:
        _note_absence(message, report)
    elif report.kind in _REPORTS:
        _note_report(message, report, bytes(stored or b""))


def session_ended(notices: Sequence[Notice]) -> None:
    """Listen to `outbound.notices`: what a server refused in the session is a bounce, too."""
    ended = [each.message_id for each in notices if each.kind in ("failed", "partly_sent")]
    if not ended:
        return
    refused = Delivery.objects.filter(
        message_id__in=ended, status=Delivery.Status.FAILED, attempts__gt=0, reports=None
    )
    for delivery in refused.order_by("pk"):
        note(delivery.message_id, _verdict_of_session(delivery), Origin("smtp", "session"))


def _verdict_of_session(delivery: Delivery) -> Verdict:
    status = status_in(delivery.last_reply)
    why = class_of(delivery.last_reply, status)
    temporary = status.startswith("4") or 400 <= (delivery.last_code or 0) < 500
    kind = kind_of(why, temporary=temporary)
    words = delivery.last_reply[:WORDS_LIMIT]
    return Verdict(delivery.rcpt_to, kind, why, status, delivery.last_code, words)


# --- What a report is about ---------------------------------------------------------------------


def _note_all(report: Report, about: Delivery, match: Match, raw: bytes) -> None:
    origin = Origin("mail", match, raw[:_OCTETS_KEPT], report.feedback_type)
    for verdict in _verdicts(report, about):
        note(about.message_id, verdict, origin)


def _verdicts(report: Report, about: Delivery) -> Sequence[Verdict]:
    """What it says of whom. A report that names nobody, or a complaint that hides who made it,
    speaks of the one recipient that there is."""
    if report.verdicts and report.kind is not Kind.COMPLAINT:
        return report.verdicts
    rows = Delivery.objects.filter(message_id=about.message_id).values_list("rcpt_to", flat=True)
    written_to = {fold_address(each): each for each in rows}
    named = [v for v in report.verdicts if fold_address(v.address) in written_to]
    if named or len(written_to) != 1:
        return named or report.verdicts
    words = report.words[:WORDS_LIMIT]
    return [Verdict(about.rcpt_to, report.kind, words=words)]


def _found(report: Report, inbox_id: UUID) -> tuple[Delivery, Match] | None:
    """The delivery that a report in an inbox is about, and how that is known."""
    ours = Delivery.objects.filter(message__inbox_id=inbox_id)
    signed = return_paths.delivery_of(report.original.mail_from)
    if signed and (delivery := ours.filter(pk=signed[0]).first()):
        return delivery, "token"
    wanted = {address for verdict in report.verdicts for address in verdict.addresses}
    either = Q(rcpt_to__in=wanted | {fold_address(address) for address in wanted})
    if report.original.message_id:
        same = ours.filter(message__header_message_id=report.original.message_id)
        if delivery := same.filter(either).first() or same.first():
            return delivery, "message_id"
        return None
    recent = ours.filter(either, settled_at__gt=timezone.now() - _BY_TIME)
    delivery = recent.filter(status=Delivery.Status.SENT).order_by("-created_at").first()
    return (delivery, "recipient") if delivery else None


def _note_report(message: Message, report: Report, raw: bytes) -> None:
    found = _found(report, message.inbox_id)
    if found is not None:
        _note_all(report, *found, raw)
    facts: dict[str, Any] = {
        "kind": report.kind.value,
        "state": "matched" if found else "unmatched",
        "matched_by": found[1] if found else None,
        "recipients": list(report.recipients)[:20],
        "words": (report.verdicts[0].words if report.verdicts else report.words)[:WORDS_LIMIT],
    }
    message.labels = [*message.labels, REPORT_LABEL]
    message.metadata = {**message.metadata, "report": facts}
    message.save(update_fields=["labels", "metadata"])


# --- Contacts -----------------------------------------------------------------------------------


def _note_absence(message: Message, report: Report) -> None:
    if not message.header_from:
        return
    Absence.objects.update_or_create(
        workspace_id=message.inbox.workspace_id,
        address=message.header_from,
        defaults={
            "back_on": report.back_on,
            "write_to": list(report.substitutes),
            "words": report.words[:WORDS_LIMIT],
            "message": message,
            "told_at": message.received_at or timezone.now(),
        },
    )


def messages_arrived(messages: Sequence[Message]) -> None:
    """Listen to `inboxes.notices`: an address that came back as dead, and writes to us, lives. Not
    on the word of a forger, and not on that of a machine."""
    wrote = {
        (message.inbox_id, message.header_from)
        for message in messages
        if not message.is_automated and message.authentication.get("dmarc") != "fail"
    }
    if not wrote:
        return
    values: dict[str, Any] = {
        "inboxes": [inbox_id for inbox_id, _ in wrote],
        "addresses": [address for _, address in wrote],
    }
    alive = [pk for (pk,) in rows_of(_ALIVE, values)]
    for entry in Suppression.objects.filter(pk__in=alive) if alive else ():
        release(entry, by=SYSTEM)
