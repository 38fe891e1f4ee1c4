"""Reports that a message could not be delivered (RFC 3464), in our own name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import format_datetime

_EXPIRED = "5.4.7"  # RFC 3463: delivery time expired


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One recipient who did not get it, with what their server said last."""

    rcpt_to: str
    reply_code: int  # 0: no server answered
    reply_text: str
    host: str  # "" where none was reached
    attempts: int
    last_attempt_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What a report tells, and whom."""

    header_message_id: str  # of the report; no brackets
    reporting_mta: str  # our host name
    to: str
    date: datetime
    original_header: bytes  # of the message that could not be delivered
    original_message_id: str
    subject: str
    arrived_at: datetime
    recipients: Sequence[Undelivered]


def compose_report(report: Report) -> bytes:
    """The report as CRLF octets of 7 bits. The same report gives the same octets."""
    boundary = f"report-{report.header_message_id.partition('@')[0]}"
    whole = MIMEMultipart("report", boundary)
    whole.set_param("report-type", "delivery-status")
    whole["From"] = f"Mail Delivery System <mailer-daemon@{report.reporting_mta}>"
    whole["To"] = report.to
    whole["Subject"] = "Undelivered: your message could not be delivered in time"
    whole["Date"] = format_datetime(report.date)
    whole["Message-ID"] = f"<{report.header_message_id}>"
    if report.original_message_id:
        whole["In-Reply-To"] = whole["References"] = f"<{report.original_message_id}>"
    whole["Auto-Submitted"] = "auto-replied"
    whole.attach(MIMEText(_words(report), "plain", "utf-8"))
    whole.attach(_status(report))
    header = MIMENonMultipart("text", "rfc822-headers")
    header.set_payload(_seven_bits(report.original_header))
    whole.attach(header)
    return whole.as_bytes(policy=SMTP.clone(max_line_length=998))


def _words(report: Report) -> str:
    lines = [
        "This message was tried for as long as was asked for, and could not be delivered:",
        "",
        f"Subject: {report.subject}",
        "",
    ]
    for each in report.recipients:
        code = f"{each.reply_code} " if each.reply_code else ""
        lines += [f"<{each.rcpt_to}>, {each.attempts} attempts. The last answer:"]
        lines += [f"    {code}{each.reply_text}", ""]
    return "\n".join([*lines, "It is not tried again."])


def _status(report: Report) -> Message:
    """The machine-readable part: fields of the message, then of each recipient (§2.1)."""
    of_message = Message()
    of_message["Reporting-MTA"] = f"dns; {report.reporting_mta}"
    of_message["Arrival-Date"] = format_datetime(report.arrived_at)
    part = MIMENonMultipart("message", "delivery-status")
    part.set_payload([of_message, *(_of_recipient(each) for each in report.recipients)])
    return part


def _of_recipient(each: Undelivered) -> Message:
    fields = Message()
    kind = "rfc822" if each.rcpt_to.isascii() else "utf-8"
    fields["Final-Recipient"] = f"{kind}; {_escaped(each.rcpt_to)}"
    fields["Action"] = "failed"
    fields["Status"] = _EXPIRED
    if each.host:
        fields["Remote-MTA"] = f"dns; {_escaped(each.host)}"
    if each.reply_text:
        # What a server did not say is not of type smtp (§2.3.6).
        said = f"smtp; {each.reply_code}" if each.reply_code else "x-mailagent;"
        fields["Diagnostic-Code"] = f"{said} {_escaped(each.reply_text)}"
    fields["Last-Attempt-Date"] = format_datetime(each.last_attempt_at)
    return fields


def _escaped(text: str) -> str:
    """In 7 bits, as RFC 6533 §3 has it."""
    one_line = " ".join(text.split())
    return "".join(c if c.isascii() else f"\\x{{{ord(c):X}}}" for c in one_line)


def _seven_bits(header: bytes) -> str:
    return header.decode("utf-8", "replace").encode("ascii", "replace").decode("ascii")
