"""Read a message that came back, and say what it is: RFC 3464, 5965, 6522, 8098 and 3834, then the
formats that were never written down. Octets in, a `Report` out; linear in time, and bounded."""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from tracking import report_automatic, report_json
from tracking.report_frame import Frame, addresses_of, gravest
from tracking.report_notices import notice_report
from tracking.report_parts import take_apart
from tracking.report_status import status_report
from tracking.reports import Kind, Report, Verdict


def read_report(raw: bytes, *, mail_from: str | None = None) -> Report:
    """Say what `raw` is. `mail_from` is the envelope sender, None where nobody knows it. Never
    raises; what cannot be read is ordinary mail."""
    taken = take_apart(raw)
    frame = Frame(taken, mail_from)
    for reading in (_complaint, _receipt, status_report, _json_report, notice_report, _automatic):
        if (report := reading(frame)) is not None:
            return _of_enclosed(frame, report)
    return frame.report(Kind.ORDINARY)


def _of_enclosed(frame: Frame, report: Report) -> Report:
    """A gateway that wraps another's report, and says nothing of its own: that report."""
    wrapped = frame.taken.enclosed
    if not report.kind.is_bounce or frame.taken.status or not frame.robot or not wrapped:
        return report
    inner = Frame(take_apart(wrapped), "")
    if inner.taken.report_type != "delivery-status":
        return report
    return status_report(inner) or notice_report(inner) or report


def _complaint(frame: Frame) -> Report | None:
    """RFC 5965, and the forms before it: Hotmail's and AOL's own."""
    fields = frame.taken.feedback
    kind = fields.get("feedback-type", "").lower().strip()
    if not kind and frame.taken.report_type != "feedback-report":
        return _old_complaint(frame)
    named = [
        fields.get(name, "")
        for name in ("original-rcpt-to", "removal-recipient", "final-recipient")
    ]
    addresses = list(dict.fromkeys(a for value in named for a in addresses_of(value)))
    addresses = addresses or list(frame.taken.original.to[:1])
    verdicts = [Verdict(address, Kind.COMPLAINT) for address in addresses]
    return frame.report(Kind.COMPLAINT, verdicts, feedback_type=kind or "abuse")


def _old_complaint(frame: Frame) -> Report | None:
    told = frame.header.first("x-hmxmroriginalrecipient") or frame.taken.feedback.get("x-hmxmr", "")
    loop = frame.header.first("x-loop").strip().lower() == "scomp"
    complaining = re.search(r"complaint about message from", frame.subject, re.IGNORECASE)
    if not (told or loop or complaining):
        return None
    addresses = addresses_of(told) or list(frame.taken.original.to[:1])
    verdicts = [Verdict(address, Kind.COMPLAINT) for address in addresses]
    return frame.report(Kind.COMPLAINT, verdicts, feedback_type="abuse")


def _receipt(frame: Frame) -> Report | None:
    if frame.taken.report_type == "disposition-notification" or frame.taken.receipt:
        return frame.report(Kind.RECEIPT)
    return None


def _json_report(frame: Frame) -> Report | None:
    verdicts = report_json.verdicts_of(frame.taken.notice)
    if verdicts is None:
        return None
    return frame.report(gravest(verdicts), verdicts)


def _automatic(frame: Frame) -> Report | None:
    notice, subject = frame.taken.notice, frame.subject
    if not frame.automatic:
        return None
    if report_automatic.is_absence(subject, notice):
        absence = report_automatic.absence_of(
            subject, notice, sent_on=_sent_on(frame), own=frame.not_recipients()
        )
        return frame.report(
            Kind.OUT_OF_OFFICE, back_on=absence.back_on, substitutes=absence.substitutes
        )
    if report_automatic.is_challenge(subject, notice):
        return frame.report(Kind.CHALLENGE)
    return frame.report(Kind.AUTOMATIC_REPLY)


def _sent_on(frame: Frame) -> date:
    try:
        return parsedate_to_datetime(frame.header.first("date")[:200]).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return datetime.now(UTC).date()
