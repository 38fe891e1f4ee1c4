"""A report taken apart: the notice in words, the fields of its status and feedback parts, and the
header of the message that it is about (RFC 6522). Bounded; enclosed messages are never descended
into, so that a report within a report is the enclosed message, not a report of ours.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inboxes import charsets
from inboxes.addresses import parse_addresses
from inboxes.encoded_words import decode_header_text
from inboxes.header_fields import HeaderBlock, read_headers
from inboxes.html_text import text_from_html
from inboxes.mime_bodies import decode_transfer, text_of
from inboxes.mime_tree import Part, read_tree
from inboxes.references import parse_message_ids
from tracking.reports import Original

NOTICE_LIMIT = 64 * 1024
STATUS_LIMIT = 256 * 1024
_ORIGINAL_LIMIT = 64 * 1024
_TEXTS_LIMIT = 4
_GROUPS_LIMIT = 1000
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]*:[ \t]*(.*)")

Fields = dict[str, str]  # names in lower case, the first value of each

# A line after which the returned message stands, as programs write it.
_RETURNED = re.compile(
    r"[ \t]{0,8}(?:"
    r"-{1,30}[^\n]{0,20}(?:original message|returned (?:message|mail)|copy of (?:the|your)"
    r"|below (?:this|the next) line"
    r"|message (?:text|body|header|follows|source)|start of|unsent message|undelivered"
    r"|enclosed|forwarded message|transcript of message)"
    r"|(?:the )?(?:original|returned|your|undelivered|rejected|unsent|message) (?:message|mail"
    r"|headers?|text)[^\n]{0,30}(?:follows|attached|below|reads|:$)"
    r"|message (?:headers?|text|body) (?:follows?|below)|(?:a|included is a|below is a"
    r"|here is a) copy of the (?:original |message)"
    r"|here is your returned|message from you|\S{0,10}original mail as follow|--- returned"
    r"|\*{2,40} ?(?:original|returned|end of|begin)|received:|return-path:|dkim-signature:"
    r"|message-id:|x-apparently-to:"
    r")",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message taken apart, as far as a report may say something."""

    header: HeaderBlock
    notice: str  # the words before the returned message
    returned: str  # what follows them in the text, if anything does
    status: tuple[Fields, ...]  # of message/delivery-status: the message's, then the recipients'
    feedback: Fields  # of message/feedback-report
    receipt: Fields  # of message/disposition-notification
    original: Original
    report_type: str
    enclosed: bytes  # the message that is enclosed, cut
    types: frozenset[str]


def take_apart(raw: bytes) -> Taken:
    """Read what `raw` holds. Never raises."""
    root = read_tree(raw, set())
    texts: list[str] = []
    groups: dict[str, list[Fields]] = {}
    enclosed, enclosed_octets = Original(), b""
    types = set()
    for part in root.walk():
        name = _type(part)
        types.add(name)
        if part.is_multipart:
            continue
        if kind := _field_part(name):
            groups.setdefault(kind, []).extend(field_groups(_text(raw, part, STATUS_LIMIT)))
        elif _encloses(name):
            if enclosed == Original():
                enclosed_octets = _enclosed(raw, part)
                enclosed = _header_facts(read_headers(enclosed_octets, 0, len(enclosed_octets)))
        elif len(texts) < _TEXTS_LIMIT and _is_text(part):
            texts.append(_words(raw, part))
    notice, returned = split_notice("\n\n".join(_without_doubles(texts)))
    if enclosed == Original():
        enclosed = original_of_text(returned)
    return Taken(
        header=root.header,
        notice=notice,
        returned=returned,
        status=tuple(groups.get("status", ())),
        feedback=_merged(groups.get("feedback", ())),
        receipt=_merged(groups.get("receipt", ())),
        original=enclosed,
        report_type=root.content_type.get("report-type").lower(),
        enclosed=enclosed_octets,
        types=frozenset(types),
    )


def _field_part(content_type: str) -> str:
    if "delivery-status" in content_type:  # message/, message/global-, message/x...
        return "status"
    if "feedback-report" in content_type:
        return "feedback"
    return "receipt" if "disposition-notification" in content_type else ""


def _encloses(content_type: str) -> bool:
    return content_type in (
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "text/rfc822-header",
        "message/rfc822-headers",
        "message/global-headers",
        "message/partial",
    )


def _is_text(part: Part) -> bool:
    """Whether to read a part as words: also a multipart whose boundary is nowhere found."""
    name = _type(part)
    if name == "text/html" and part.parent and _type(part.parent) == "multipart/alternative":
        return part is part.parent.children[0]
    return name in ("text/plain", "text/html", "text", "") or name.startswith("multipart/")


def _type(part: Part) -> str:
    """The media type, where a semicolon is missing too."""
    return part.content_type.value.partition(" ")[0]


def _without_doubles(texts: list[str]) -> Iterator[str]:
    """The HTML alternative of a notice says the same again: the first text, and what is new."""
    for number, text in enumerate(texts):
        if number == 0 or text.strip() not in texts[0]:
            yield text


def _text(raw: bytes, part: Part, limit: int) -> str:
    octets = raw[part.start : min(part.end, part.start + limit)]
    octets = decode_transfer(octets, part.header.first("content-transfer-encoding"), set())
    return charsets.clean(charsets.decode(octets)[0]).replace("\r\n", "\n").replace("\r", "\n")


def _words(raw: bytes, part: Part) -> str:
    text = text_of(raw, part, set(), limit=NOTICE_LIMIT)
    if part.content_type.value == "text/html" or text.lstrip()[:14].lower() == "<!doctype html":
        text = text_from_html(text)
    return charsets.clean(text)


def field_groups(text: str) -> list[Fields]:
    """Groups of fields, parted by blank lines (RFC 3464 §2.1); folded lines are joined. What is
    indented as a whole, and what is no field, does no harm."""
    groups: list[Fields] = []
    present: Fields = {}
    last = ""
    for line in text.split("\n"):
        if not line.strip():
            if present and len(groups) < _GROUPS_LIMIT:
                groups.append(present)
            present, last = {}, ""
        elif line[0] in " \t" and last:
            if len(present[last]) < NOTICE_LIMIT:
                present[last] += " " + line.strip()
        elif found := _FIELD.match(line.lstrip()):
            name = found[1].lower()
            last = name if name not in present else ""
            present.setdefault(name, found[2].strip())
        else:
            last = ""
    return [*groups, present] if present else groups


def _merged(groups: "list[Fields] | tuple[()]") -> Fields:
    merged: Fields = {}
    for group in groups:
        merged = group | merged
    return merged


def split_notice(text: str) -> tuple[str, str]:
    """The notice, and the returned message in the same text, where there is one."""
    position = 0
    seen = False
    for line in text.splitlines(keepends=True):
        if seen and _RETURNED.match(line):
            return text[:position], text[position:]
        seen = seen or bool(line.strip())
        position += len(line)
    return text, ""


def _enclosed(raw: bytes, part: Part) -> bytes:
    octets = raw[part.start : min(part.end, part.start + _ORIGINAL_LIMIT)]
    octets = decode_transfer(octets, part.header.first("content-transfer-encoding"), set())
    return octets.lstrip(b"\r\n")


def original_of_text(text: str) -> Original:
    """The header of a message that was returned as text, behind a line that says so."""
    lines = text[:_ORIGINAL_LIMIT].split("\n")
    start = next((n for n, line in enumerate(lines) if _FIELD.match(line.lstrip(" \t>"))), None)
    if start is None:
        return Original()
    stripped = lines[start:]
    for mark in ("> ", ">", "\t", "    "):
        if stripped[0].startswith(mark):
            stripped = [line.removeprefix(mark) for line in stripped]
            break
    octets = "\n".join(stripped).encode("utf-8", "replace")
    return _header_facts(read_headers(octets, 0, len(octets)))


def _header_facts(header: HeaderBlock) -> Original:
    ids = parse_message_ids(header.first("message-id"))
    to = ", ".join((*header.every("to"), *header.every("cc")))
    return Original(
        message_id=ids[0] if ids else "",
        mail_from=_address(header.first("return-path")),
        header_from=_address(header.first("from")),
        to=tuple(each.addr_spec for each in parse_addresses(to, limit=100)),
        subject=decode_header_text(header.first("subject"))[:500],
    )


def _address(value: str) -> str:
    found = parse_addresses(value, limit=1)
    return found[0].addr_spec if found else ""
