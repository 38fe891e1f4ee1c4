"""Outgoing mail as octets. The same input gives the same octets, so that they can be frozen."""

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from inboxes.addresses import Address
from inboxes.html_text import text_from_html
from inboxes.text_html import html_from_text
from outbound.header_fields import (
    ALLOWED_HEADERS,
    address_list,
    ascii_domain,
    checked_headers,
    message_ids,
    parameter,
    refuse_breaks,
    unstructured,
)

__all__ = [
    "ALLOWED_HEADERS",
    "Composed",
    "Outgoing",
    "OutgoingFile",
    "checked_headers",
    "compose",
    "new_message_id",
    "reply_subject",
]

_REPLY_PREFIXES = re.compile(r"(?:\s*(?:re|aw|sv|antw)(?:\[\d+\])?\s*:)*\s*", re.IGNORECASE)
_CONTENT_TYPE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,100}\Z"
)
_KEPT_PARAMETER = re.compile(  # An invitation is none without its method, RFC 5546.
    r";[ \t]*(charset|method)=\"?([A-Za-z0-9_.+-]{1,40})\"?[ \t]*(?:;|\Z)", re.IGNORECASE
)
_CONTENT_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,200}\Z")
_SEVEN_BIT_LINES = re.compile(rb"(?:(?!From )[\x20-\x7e\t]{0,76}\n)*\Z")
_BEYOND_ASCII = bytes(range(128, 256))
_FROM_LINE = re.compile(rb"^From (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to go with a message. `inline` with a `content_id`: a picture of the HTML part."""

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a message shall say, and to whom. `headers` have been through `checked_headers`."""

    header_from: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    plain_body: str
    html_body: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    files: tuple[OutgoingFile, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    auto_submitted: bool = False  # It leaves without a person having looked, RFC 3834.


@dataclass(frozen=True, slots=True)
class Composed:
    """A message as it was frozen."""

    raw: bytes
    header_message_id: str
    date: datetime


def new_message_id(domain: str) -> str:
    """An unguessable Message-ID under `domain`, without brackets."""
    return f"{secrets.token_hex(16)}@{ascii_domain(domain)}"


def reply_subject(subject: str) -> str:
    """The subject of a reply: `Re:` once, whatever stood there."""
    rest = " ".join(subject.split())
    return f"Re: {rest[_match_end(rest) :]}".rstrip()


def _match_end(subject: str) -> int:
    prefixes = _REPLY_PREFIXES.match(subject)
    return prefixes.end() if prefixes else 0


def compose(outgoing: Outgoing, *, header_message_id: str, date: datetime) -> bytes:
    """The message in CRLF octets of 7 bits. Bcc is in no header.

    Raises ValueError naming the field when one holds CR, LF, NUL or what is no address.
    """
    boundaries = _Boundaries(header_message_id)
    content = _alternatives(outgoing, boundaries)
    attached = [file for file in outgoing.files if not _is_related(file)]
    if attached:
        parts = [content, *(_file_part(file) for file in attached)]
        content = _multipart("mixed", parts, boundaries)
    return b"".join(
        [*_header(outgoing, header_message_id, date), b"MIME-Version: 1.0\r\n", content]
    )


def _header(outgoing: Outgoing, header_message_id: str, date: datetime) -> list[bytes]:
    own_id = message_ids("Message-ID", [header_message_id])
    if not own_id:
        raise ValueError(f"Message-ID: {header_message_id!r} cannot be one.")
    fields = [address_list("From", [outgoing.header_from])]
    for name, addresses in (
        ("To", outgoing.to),
        ("Cc", outgoing.cc),
        ("Reply-To", outgoing.reply_to),
    ):
        if addresses:
            fields.append(address_list(name, addresses))
    if not outgoing.to and not outgoing.cc:
        fields.append(b"To: undisclosed-recipients:;\r\n")
    fields.append(unstructured("Subject", outgoing.subject))
    fields.append(f"Date: {format_datetime(date)}\r\n".encode("ascii"))
    fields.append(own_id)
    fields.extend(_thread_fields(outgoing))
    fields.extend(_further_fields(outgoing))
    return fields


def _thread_fields(outgoing: Outgoing) -> list[bytes]:
    for name, ids in (
        ("In-Reply-To", [outgoing.in_reply_to]),
        ("References", outgoing.references),
    ):
        for each in ids:
            refuse_breaks(name, each)
    return [
        message_ids("In-Reply-To", [outgoing.in_reply_to]),
        message_ids("References", outgoing.references),
    ]


def _further_fields(outgoing: Outgoing) -> list[bytes]:
    fields = [
        unstructured(name, value)
        for name, value in outgoing.headers
        if not (outgoing.auto_submitted and name.lower() == "auto-submitted")
    ]
    if outgoing.auto_submitted:
        fields.append(b"Auto-Submitted: auto-replied\r\n")
    return fields


class _Boundaries:
    """Boundaries that follow from the Message-ID. `=_` occurs in no encoded body."""

    def __init__(self, header_message_id: str) -> None:
        self._stem = hashlib.sha256(header_message_id.encode()).hexdigest()[:32]
        self._count = 0

    def next(self) -> str:
        self._count += 1
        return f"=_{self._stem}_{self._count}"


def _alternatives(outgoing: Outgoing, boundaries: _Boundaries) -> bytes:
    plain_body, html_body = outgoing.plain_body, outgoing.html_body
    if not plain_body.strip() and html_body.strip():
        plain_body = text_from_html(html_body)
    if not html_body.strip():
        html_body = html_from_text(plain_body)
    html = _text_part("html", html_body)
    related = [file for file in outgoing.files if _is_related(file)]
    if related:
        parts = [html, *(_file_part(file) for file in related)]
        html = _multipart("related", parts, boundaries, kind=parameter("type", "text/html"))
    return _multipart("alternative", [_text_part("plain", plain_body), html], boundaries)


def _is_related(file: OutgoingFile) -> bool:
    return file.inline and bool(file.content_id)


def _multipart(subtype: str, parts: list[bytes], boundaries: _Boundaries, kind: str = "") -> bytes:
    boundary = boundaries.next()
    head = f'Content-Type: multipart/{subtype}{kind};\r\n boundary="{boundary}"\r\n\r\n'
    between = f"--{boundary}\r\n".encode("ascii")
    octets = [head.encode("ascii")]
    for part in parts:
        octets += [between, part, b"\r\n"]
    octets.append(f"--{boundary}--\r\n".encode("ascii"))
    return b"".join(octets)


def _text_part(subtype: str, text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    octets = lines.encode("utf-8", "replace")
    encoding, body = _encoded_text(octets)
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode("ascii") + body.replace(b"\n", b"\r\n")


def _encoded_text(octets: bytes) -> tuple[str, bytes]:
    """7bit where every server keeps it as it is, else whichever encoding is shorter."""
    if _SEVEN_BIT_LINES.match(octets):
        return "7bit", octets
    ascii_octets = len(octets.translate(None, _BEYOND_ASCII))
    if (len(octets) - ascii_octets) * 6 > len(octets):
        return "base64", base64.encodebytes(octets.replace(b"\n", b"\r\n"))  # RFC 2045 §6.8
    quoted = binascii.b2a_qp(octets, istext=True)
    return "quoted-printable", _FROM_LINE.sub(_hidden_from, quoted)


def _hidden_from(line: re.Match[bytes]) -> bytes:
    """`From ` at the start of a line, so that no mailbox file on the way changes it."""
    rest: bytes = line[1]
    return b"=46rom " + rest if len(rest) < 70 else b"=46rom=\n " + rest


def _file_part(file: OutgoingFile) -> bytes:
    refuse_breaks("filename", file.filename)
    filename = file.filename.strip() or "attachment"
    content_type, encoding, body = _encoded_file(file)
    disposition = "inline" if file.inline else "attachment"
    fields = [
        f"Content-Type: {content_type}",
        f"Content-Transfer-Encoding: {encoding}",
        f"Content-Disposition: {disposition}{parameter('filename', filename)}",
    ]
    if file.content_id:
        fields.append(f"Content-ID: <{_content_id(file.content_id)}>")
    return ("\r\n".join(fields) + "\r\n\r\n").encode("ascii") + body


def _content_id(content_id: str) -> str:
    if not _CONTENT_ID.match(content_id):
        raise ValueError(f"contentId: {content_id!r} cannot be a Content-ID.")
    return content_id


def _encoded_file(file: OutgoingFile) -> tuple[str, str, bytes]:
    """Content type, encoding and octets. Messages are never base64, RFC 2046 §5.2.1."""
    content_type = file.content_type.partition(";")[0].strip().lower()
    if content_type == "message/rfc822" and _goes_unencoded(file.content):
        return content_type, "7bit", file.content
    composite = content_type.startswith(("multipart/", "message/"))
    if composite or not _CONTENT_TYPE.match(content_type):
        content_type = "application/octet-stream"
    elif kept := _KEPT_PARAMETER.search(file.content_type):
        content_type += f"; {kept[1].lower()}={kept[2]}"
    return content_type, "base64", base64.encodebytes(file.content).replace(b"\n", b"\r\n")


def _goes_unencoded(content: bytes) -> bool:
    ends = content.count(b"\r\n")
    whole_lines = ends == content.count(b"\n") == content.count(b"\r")
    return (
        whole_lines
        and content.isascii()
        and b"\0" not in content
        and max(map(len, content.split(b"\r\n"))) <= 998
    )
