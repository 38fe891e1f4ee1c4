"""A letter: a message that came in, read and laid out in columns before any transaction opens."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from events.errors import MailAgentError
from inboxes import addresses, automatic, mime, references
from inboxes.findings import NO_FINDINGS, Findings, PassedOn
from inboxes.html_text import text_from_html, visible, visible_plain
from inboxes.quotes import reply_text
from inboxes.recipients import Recipient
from inboxes.search import NAMES_LIMIT, cut
from inboxes.threads import Newcomer, conversation_of, indexable

logger = logging.getLogger(__name__)

RECEIVED_LIMIT = 50  # a message that was passed on so often goes round in circles
_REFERENCES_LIMIT = 100
_RECIPIENTS_LIMIT = 500
_PREVIEW_LENGTH = 200


class MailLoops(MailAgentError):
    """The message has been through too many servers (RFC 5321 §6.3)."""

    code = "MAIL_LOOP"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the transport said about a message: whom it is from, for, and when and whence it came.

    The octets of a message are kept as received, so that no trace field is put before them
    (RFC 5321 §4.4 would have it): what it would say stands in `Message.metadata["received"]`.
    """

    mail_from: str  # "" is the null reverse-path
    recipients: tuple[Recipient, ...]
    received_at: datetime
    helo: str = ""
    peer: str = ""
    protocol: str = "ESMTP"  # RFC 3848
    findings: Findings = NO_FINDINGS  # about who sent it and what is in it
    passed_on: PassedOn | None = None  # where another server than ours took it in
    returned: tuple[Callable[[], None], ...] = ()  # see `inboxes.returns`

    @property
    def rcpt_tos(self) -> tuple[str, ...]:
        return tuple(recipient.rcpt_to for recipient in self.recipients)

    def trace(self) -> dict[str, Any]:
        told = {
            "from": storable(self.helo),
            "peer": self.peer,
            "with": self.protocol,
            "at": self.received_at.isoformat(),
        }
        return {**told, "passed_on": asdict(self.passed_on)} if self.passed_on else told


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it will be stored, the same in each inbox it is for."""

    envelope: Envelope
    raw: bytes
    digest: bytes
    sha256: bytes
    columns: dict[str, Any]  # of Message
    ancestors: tuple[str, ...]
    attachments: tuple[mime.Attachment, ...]

    def newcomer(self, recipient: Recipient) -> Newcomer:
        columns = self.columns
        return Newcomer(
            inbox_id=recipient.inbox_id,
            header_message_id=columns["header_message_id"],
            ancestors=self.ancestors,
            subject=columns["subject"],
            sender=columns["header_from"],
            others=frozenset(columns["recipients"]),
            conversation=columns["thread_index"],
            at=self.envelope.received_at,
        )


def storable(text: str) -> str:
    """A text without what PostgreSQL cannot hold: NUL and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def read_letter(envelope: Envelope, raw: bytes) -> Letter:
    """Read what arrived. Raises MailLoops; a message that cannot be read is laid out bare."""
    try:
        return _read(envelope, raw)
    except MailLoops:
        raise
    except Exception:  # whatever is wrong with our reading, the mail itself must be kept
        logger.exception("a message of %d octets could not be read", len(raw))
        return bare_letter(envelope, raw)


def bare_letter(envelope: Envelope, raw: bytes) -> Letter:
    """The least that can be stored of a message: its octets, and that nothing was derived."""
    columns = {
        "mail_from": storable(envelope.mail_from)[:320],
        "header_from": _folded([envelope.mail_from])[0] if envelope.mail_from else "",
        "header_message_id": "",
        "recipients": [],
        "subject": "",
        "thread_index": "",
        "plain_body": "",
        "is_automated": not envelope.mail_from,
        "warnings": ["unreadable", *envelope.findings.warnings],
        "size": len(raw),
        "received_at": envelope.received_at,
        "created_at": envelope.received_at,
        "metadata": {"received": envelope.trace()},
    }
    return _letter(envelope, raw, columns)


def _letter(envelope: Envelope, raw: bytes, columns: dict[str, Any], **more: Any) -> Letter:
    findings = envelope.findings
    found: dict[str, Any] = {
        "authentication": dict(findings.authentication),
        "labels": list(findings.labels),
        "is_spam": findings.is_spam,
    }
    if findings.scans:
        found["metadata"] = {**columns["metadata"], "scans": dict(findings.scans)}
    return Letter(
        envelope=envelope,
        raw=raw,
        digest=mime.dedupe_digest(raw, envelope.mail_from),
        sha256=hashlib.sha256(raw).digest(),
        columns=columns | found,
        ancestors=more.get("ancestors", ()),
        attachments=more.get("attachments", ()),
    )


def _read(envelope: Envelope, raw: bytes) -> Letter:
    parsed = mime.parse(raw)
    if parsed.received_count >= RECEIVED_LIMIT:
        raise MailLoops("The message has been through too many servers.")
    ancestors = references.ancestors(parsed.in_reply_to, parsed.references)[:_REFERENCES_LIMIT]
    columns = _header_columns(parsed) | _body_columns(parsed) | _envelope_columns(envelope, parsed)
    columns["size"] = len(raw)
    columns["warnings"] += envelope.findings.warnings
    return _letter(
        envelope,
        raw,
        columns,
        ancestors=tuple(map(indexable, ancestors)),
        attachments=parsed.attachments,
    )


def _header_columns(parsed: mime.ParsedMessage) -> dict[str, Any]:
    sender = next(iter(parsed.header_from or parsed.sender), addresses.Address("", ""))
    written_to = [mailbox.addr_spec for mailbox in (*parsed.to, *parsed.cc, *parsed.bcc)]
    return {
        "header_message_id": indexable(parsed.header_message_id),
        "in_reply_to": storable(next(iter(parsed.in_reply_to), "")),
        "references": _line(parsed),
        "thread_index": conversation_of(parsed.thread_index),
        "header_from": _folded([sender.addr_spec])[0],
        "from_name": storable(sender.name),
        "reply_to": _mailboxes(parsed.reply_to),
        "to": _mailboxes(parsed.to),
        "cc": _mailboxes(parsed.cc),
        "bcc": _mailboxes(parsed.bcc),
        "recipients": list(dict.fromkeys(_folded(written_to[:_RECIPIENTS_LIMIT]))),
        "subject": storable(parsed.subject),
        "search_names": _searched_names(parsed),
        "date": parsed.date,
    }


def _line(parsed: mime.ParsedMessage) -> list[str]:
    """The line of ancestors, oldest first. Some clients tell the parent in In-Reply-To only."""
    known = set(parsed.references)
    line = [*parsed.references, *(i for i in reversed(parsed.in_reply_to) if i not in known)]
    if len(line) > _REFERENCES_LIMIT:
        line = line[:1] + line[1 - _REFERENCES_LIMIT :]
    return [indexable(header_id) for header_id in line]


def _body_columns(parsed: mime.ParsedMessage) -> dict[str, Any]:
    html = storable(parsed.html_body)
    plain = storable(parsed.plain_body) or (text_from_html(html) if html else "")
    said = reply_text(parsed.plain_body, html)
    seen = visible(html) if html else visible_plain(plain)
    warnings = [*parsed.warnings, *(["hidden_text"] if seen.hid else [])]
    return {
        "warnings": [storable(warning) for warning in warnings],
        "plain_body": plain,
        "html_body": html,
        "reply_text": storable(said),
        "visible_text": storable(seen.text),
        "preview": " ".join((said or plain)[:2000].split())[:_PREVIEW_LENGTH],
        "has_attachments": bool(parsed.attachments),
    }


def _envelope_columns(envelope: Envelope, parsed: mime.ParsedMessage) -> dict[str, Any]:
    reason = automatic.automatic_reason(parsed.headers, envelope.mail_from)
    return {
        "mail_from": storable(envelope.mail_from)[:320],
        "is_automated": bool(reason),
        "automated_reason": storable(reason)[:120],
        "received_at": envelope.received_at,
        "created_at": envelope.received_at,
        "metadata": {"received": envelope.trace()},
    }


def _folded(addr_specs: Iterable[str]) -> list[str]:
    return [cut(storable(addresses.fold_address(spec)), 1000)[:320] for spec in addr_specs]


def _mailboxes(found: Iterable[addresses.Address]) -> list[dict[str, str]]:
    return [{"name": storable(a.name), "address": storable(a.addr_spec)} for a in found]


def _searched_names(parsed: mime.ParsedMessage) -> str:
    people = (*parsed.header_from, *parsed.to, *parsed.cc, *parsed.reply_to)
    # The address as a whole, and its halves: `acme` or `acme.example` is what people look for.
    words = [f"{a.name} {a.addr_spec} {a.addr_spec.replace('@', ' ')}" for a in people[:200]]
    words += [f"{a.filename} {a.filename.replace('.', ' ')}" for a in parsed.attachments]
    return storable(" ".join(words))[:NAMES_LIMIT]
