"""Mail for tests, as octets with CRLF."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from inboxes.arrival import Envelope, deliver
from inboxes.models import Inbox, Message
from inboxes.recipients import Recipient

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def compose(
    *,
    message_id: str = "m1@customer.example",
    subject: str = "My printer burns",
    sender: str = "Ann Example <ann@customer.example>",
    to: str = "support@acme.example",
    body: str = "It is on fire.",
    **fields: str,
) -> bytes:
    """A message; further fields by name, `in_reply_to="<x>"` making In-Reply-To."""
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}"]
    lines += [f"Message-ID: <{message_id}>"] if message_id else []
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", *body.split("\n"), ""]).encode()


def envelope_for(
    *inboxes: Inbox,
    mail_from: str = "ann@customer.example",
    rcpt_to: str = "",
    at: datetime = NOON,
) -> Envelope:
    recipients = tuple(
        Recipient(rcpt_to or inbox.email, inbox.pk, inbox.workspace_id) for inbox in inboxes
    )
    return Envelope(mail_from, recipients, at, helo="mx.customer.example", peer="192.0.2.1")


def arrive(
    inbox: Inbox, *, minutes: int = 0, mail_from: str = "ann@customer.example", **said: str
) -> Message:
    """Deliver one composed message, so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    (message,) = deliver(envelope_for(inbox, mail_from=mail_from, at=at), compose(**said))
    return message


def references(*ids: str) -> str:
    return " ".join(f"<{header_id}>" for header_id in ids)


def subjects(messages: Sequence[Message]) -> list[str]:
    return [message.subject for message in messages]
