"""RFC 5322 and MIME: a message as it arrived, made readable. Bounded, and without exceptions.

The octets themselves are kept elsewhere; whatever goes over a limit here is told in `warnings`
and can still be had from them.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from inboxes import charsets
from inboxes.addresses import ADDRESSES_LIMIT, Address, parse_addresses
from inboxes.encoded_words import decode_header_text
from inboxes.header_fields import HeaderBlock, read_headers
from inboxes.mime_bodies import Leaf, decode_transfer, read_bodies
from inboxes.mime_tree import Part, read_tree
from inboxes.references import parse_message_ids

_SUBJECT_LIMIT = 2000
_DATE_LIMIT = 200
_FIELDS_KEPT = 1000
_TRACE_FIELDS = re.compile(
    rb"(?:return-path|received|received-spf|delivered-to|x-received|x-original-to|x-delivered-to|"
    rb"envelope-to|x-envelope-(?:to|from)|authentication-results|x-authentication-results|"
    rb"arc-[a-z-]{1,60})[ \t]*:",
    re.IGNORECASE,
)
_TRACE_LIMIT = 1000
_CID = re.compile(r"\bcid:([^\"'\s<>)]{1,500})", re.IGNORECASE)
_FOLDED_LINE = re.compile(rb"[^\n]*+\n(?:[ \t][^\n]*+\n)*")


# The codes in `warnings`, in words for people.
WARNINGS = {
    "addresses_limit": "There are more than 2,000 addresses; the rest was left out.",
    "base64_malformed": "A part is not clean base64; it was decoded as well as it can be.",
    "body_truncated": "The text is very long and was cut; the original has all of it.",
    "charset_wrong": "A text is not in the character set that it names.",
    "header_malformed": "The header holds lines that are no fields.",
    "header_truncated": "A header field is longer than 64 KiB and was cut.",
    "headers_truncated": "The header is longer than 256 KiB; the rest was left out.",
    "multipart_unclosed": "The last part has no end; the message may have been cut on its way.",
    "multipart_without_parts": "The message says that it has parts, but none were found.",
    "nesting_limit": "Parts lie deeper than 50 levels; the inner ones were left whole.",
    "parts_limit": "There are more than 1,000 parts; the rest was left out.",
    "uuencode_malformed": "A part is not clean uuencode.",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the message's own words. `part_octets` finds it again by its path."""

    part_path: str  # "1.2", as IMAP numbers parts
    filename: str  # "" where the sender gave none
    content_type: str
    size: int  # decoded octets
    content_id: str
    inline: bool


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """What a message says. No field holds NUL or a lone surrogate."""

    subject: str
    header_from: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    date: datetime | None
    header_message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]  # oldest first
    plain_body: str
    html_body: str
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]  # decoded, in order
    thread_index: str
    warnings: tuple[str, ...]  # keys of WARNINGS
    received_count: int


def parse(raw: bytes) -> ParsedMessage:
    """Read a message. Never raises; time and memory are bounded by the limits of MAIL.md."""
    raw = _with_line_feeds(raw)
    warnings: set[str] = set()
    root = read_tree(raw, warnings)
    bodies = read_bodies(raw, root, warnings)
    header = root.header
    addresses = _AddressFields(header, warnings)
    message_ids = parse_message_ids(header.first("message-id"))
    shown = set(_CID.findall(bodies.html)) if bodies.attachments else set()
    attachments = tuple(_attachment(raw, leaf, shown, warnings) for leaf in bodies.attachments)
    return ParsedMessage(
        subject=_subject(header),
        header_from=addresses.read("from"),
        sender=addresses.read("sender"),
        reply_to=addresses.read("reply-to"),
        to=addresses.read("to"),
        cc=addresses.read("cc"),
        bcc=addresses.read("bcc"),
        date=_date(header.first("date")),
        header_message_id=message_ids[0] if message_ids else "",
        in_reply_to=parse_message_ids(header.first("in-reply-to")),
        references=parse_message_ids(" ".join(header.every("references"))),
        plain_body=bodies.plain,
        html_body=bodies.html,
        attachments=attachments,
        headers=_decoded_headers(header, warnings),
        thread_index=charsets.clean(header.first("thread-index"))[:1000],
        warnings=tuple(sorted(warnings)),
        received_count=len(header.every("received")),
    )


def _with_line_feeds(raw: bytes) -> bytes:
    """Old systems end lines with CR alone; anything with a LF in it is left as it is."""
    if b"\n" in raw or b"\r" not in raw:
        return raw
    return raw.replace(b"\r", b"\n")


def _subject(header: HeaderBlock) -> str:
    decoded = decode_header_text(header.first("subject"))
    return " ".join(decoded.split())[:_SUBJECT_LIMIT]


class _AddressFields:
    """Reads address fields while the message's allowance of addresses lasts."""

    def __init__(self, header: HeaderBlock, warnings: set[str]) -> None:
        self.header = header
        self.warnings = warnings
        self.left = ADDRESSES_LIMIT

    def read(self, name: str) -> tuple[Address, ...]:
        value = ", ".join(self.header.every(name))
        if not value:
            return ()
        found = parse_addresses(value, limit=self.left + 1)
        if len(found) > self.left:
            self.warnings.add("addresses_limit")
            found = found[: self.left]
        self.left -= len(found)
        return found


def _date(value: str) -> datetime | None:
    """Read a Date field; without a zone it is UTC. What cannot be a time is None."""
    try:
        found = parsedate_to_datetime(charsets.clean(value)[:_DATE_LIMIT])
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found


def _decoded_headers(header: HeaderBlock, warnings: set[str]) -> tuple[tuple[str, str], ...]:
    if len(header.fields) > _FIELDS_KEPT:
        warnings.add("headers_truncated")
    return tuple((name, decode_header_text(value)) for name, value in header.fields[:_FIELDS_KEPT])


def _attachment(raw: bytes, leaf: Leaf, shown: set[str], warnings: set[str]) -> Attachment:
    part = leaf.part
    content_id = charsets.clean(part.header.first("content-id")).strip().strip("<>").strip()[:500]
    said_inline = leaf.disposition.value == "inline"
    implied = not leaf.disposition.value and bool(content_id)
    return Attachment(
        part_path=part.path,
        filename=leaf.filename,
        content_type=charsets.clean(part.content_type.value)[:200] or "application/octet-stream",
        size=len(_decoded(raw, part, warnings)),
        content_id=content_id,
        inline=content_id in shown or said_inline or implied,
    )


def _decoded(raw: bytes, part: Part, warnings: set[str]) -> bytes:
    encoding = part.header.first("content-transfer-encoding")
    return decode_transfer(raw[part.start : part.end], encoding, warnings)


def part_octets(raw: bytes, part_path: str) -> bytes:
    """Answer the decoded octets of the part at `part_path`. Raises KeyError if there is none."""
    raw = _with_line_feeds(raw)
    for part in read_tree(raw, set()).walk():
        if part.path == part_path and part_path:
            return _decoded(raw, part, set())
    raise KeyError(part_path)


def dedupe_digest(raw: bytes, mail_from: str) -> bytes:
    """Hash what makes two arrivals the same message: a sender that retries after a lost 250.

    That is the Message-ID, the octets from the first field that is no trace of the way here
    (Received and the like differ between attempts), and the envelope sender.
    """
    position = 0
    for _ in range(_TRACE_LIMIT):
        line = _FOLDED_LINE.match(raw, position)
        if line is None or not _TRACE_FIELDS.match(raw, position):
            break
        position = line.end()
    header = read_headers(raw, position, len(raw))
    message_ids = parse_message_ids(header.first("message-id"))
    digest = hashlib.sha256()
    for piece in (message_ids[0] if message_ids else "", mail_from):
        digest.update(piece.encode("utf-8", "replace") + b"\0")
    digest.update(memoryview(raw)[position:])
    return digest.digest()
