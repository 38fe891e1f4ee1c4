"""RFC 2045 §6, 2046 and 3676: what a part holds, and which parts are the message's own words."""

import binascii
import html
import re
from dataclasses import dataclass, field

from inboxes import charsets
from inboxes.encoded_words import decode_base64
from inboxes.header_fields import Structured, parse_structured
from inboxes.mime_tree import Part

BODY_LIMIT = 2 * 1024 * 1024
_ENCODED_LIMIT = 4 * BODY_LIMIT
_SOFT_SPACE = re.compile(rb"[ \t]+(?=\r?\n)")
_QUOTE_MARKS = re.compile(r">+")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)


def decode_transfer(octets: bytes, encoding: str, warnings: set[str]) -> bytes:
    """Undo the Content-Transfer-Encoding; an unknown or lying one leaves the octets as they are."""
    match encoding.strip().strip("\"'").lower():
        case "base64":
            decoded, good = decode_base64(octets)
            if not good:
                warnings.add("base64_malformed")
            return decoded
        case "quoted-printable":
            return binascii.a2b_qp(_SOFT_SPACE.sub(b"", octets))
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return _decode_uu(octets, warnings)
        case _:
            return octets


def _decode_uu(octets: bytes, warnings: set[str]) -> bytes:
    decoded = []
    lines = iter(octets.splitlines())
    for line in lines:
        if line.startswith(b"begin "):
            break
    for line in lines:
        if line.strip() in (b"end", b"`"):
            break
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some encoders count the octets of the line wrongly; cut to what the count says.
            warnings.add("uuencode_malformed")
            expected = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                decoded.append(binascii.a2b_uu(line[:expected]))
            except binascii.Error:
                continue
    return b"".join(decoded)


@dataclass(slots=True)
class Leaf:
    """A part without children, with the fields that say what it is."""

    part: Part
    disposition: Structured
    filename: str

    @property
    def is_text(self) -> bool:
        """Tell whether a mail program would show this as part of the message itself."""
        return (
            self.part.content_type.value in ("text/plain", "text/html", "text", "")
            and self.disposition.value != "attachment"
            and not self.filename
        )

    @property
    def is_html(self) -> bool:
        """Tell whether this is text/html."""
        return self.part.content_type.value == "text/html"


def leaf_of(part: Part) -> Leaf:
    """Read the disposition and the file name of a part (RFC 2183, else the old `name=`)."""
    disposition = parse_structured(part.header.first("content-disposition"))
    filename = disposition.get("filename") or part.content_type.get("name")
    return Leaf(part, disposition, " ".join(charsets.clean(filename).split())[:500])


def text_of(raw: bytes, part: Part, warnings: set[str]) -> str:
    r"""Decode a text part into str with \n line ends, cut at BODY_LIMIT octets."""
    octets = raw[part.start : min(part.end, part.start + _ENCODED_LIMIT)]
    octets = decode_transfer(octets, part.header.first("content-transfer-encoding"), warnings)
    if part.end - part.start > _ENCODED_LIMIT or len(octets) > BODY_LIMIT:
        warnings.add("body_truncated")
        cut = octets.rfind(b"\n", 0, BODY_LIMIT) + 1
        octets = octets[: cut or BODY_LIMIT]
    charset = part.content_type.get("charset") or _html_charset(octets, part)
    text, held_true = charsets.decode(octets, charset)
    if not held_true:
        warnings.add("charset_wrong")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.content_type.get("format").lower() == "flowed":
        text = unflow(text, delete_space=part.content_type.get("delsp").lower() == "yes")
    return text


def _html_charset(octets: bytes, part: Part) -> str:
    if part.content_type.value != "text/html" or octets.isascii():
        return ""
    found = _META_CHARSET.search(octets, 0, 4096)
    return found[1].decode("ascii", "ignore") if found else ""


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the soft-wrapped lines of format=flowed (RFC 3676 §4.2); quote marks are kept."""
    joined: list[str] = []
    flowing = False
    last_depth = 0
    for line in text.split("\n"):
        marks = _QUOTE_MARKS.match(line)
        depth = len(marks[0]) if marks else 0
        words = line[depth:].removeprefix(" ")
        if flowing and depth == last_depth and words != "-- ":
            joined.append(words)
        else:
            prefix = f"{'>' * depth} " if depth and words else ">" * depth
            joined.append(("\n" if joined else "") + prefix + words)
        flowing = words.endswith(" ") and words != "-- "
        if flowing and delete_space:
            joined[-1] = joined[-1][:-1]
        last_depth = depth
    return "".join(joined)


@dataclass(slots=True)
class Bodies:
    """The words of a message in both forms, and the leaves that are attachments instead."""

    plain: str = ""
    html: str = ""
    attachments: list[Leaf] = field(default_factory=list)


@dataclass(slots=True)
class _Segment:
    """A stretch of the message: one text part, or the alternatives of one."""

    plain: str | None = None
    html: str | None = None


def read_bodies(raw: bytes, root: Part, warnings: set[str]) -> Bodies:
    """Gather the bodies and the attachments of a tree."""
    bodies = Bodies()
    segments: list[_Segment] = []
    of_alternative: dict[int, _Segment] = {}
    only_leaf = not root.children
    for part in root.walk():
        if part.children:
            continue
        leaf = leaf_of(part)
        shown = leaf.is_text or (only_leaf and _is_sole_text(leaf))
        if not shown:
            bodies.attachments.append(leaf)
            continue
        _place(segments, of_alternative, part, text_of(raw, part, warnings), is_html=leaf.is_html)
    bodies.plain, bodies.html = _join(segments)
    return bodies


def _is_sole_text(leaf: Leaf) -> bool:
    """A message of one part is its own text, whatever name it was given."""
    kind = leaf.part.content_type.value
    readable = kind.startswith(("text/", "multipart/")) or "/" not in kind
    return readable and leaf.disposition.value != "attachment"


def _place(
    segments: list[_Segment],
    of_alternative: dict[int, _Segment],
    part: Part,
    text: str,
    *,
    is_html: bool,
) -> None:
    """Add a text to the segment of its multipart/alternative, or to one of its own."""
    above = part.parent
    while above is not None and above.content_type.value != "multipart/alternative":
        above = above.parent
    segment = of_alternative.get(id(above)) if above is not None else None
    if segment is None and above is None and is_html and segments:
        # Plain text and then the same as HTML under multipart/mixed: alternatives in all but name.
        last = segments[-1]
        adjacent = last.html is None and last.plain is not None and len(segments) == 1
        segment = last if adjacent else None
    if segment is None:
        segment = _Segment()
        segments.append(segment)
        if above is not None:
            of_alternative[id(above)] = segment
    if is_html:
        segment.html = text if segment.html is None else f"{segment.html}\n{text}"
    else:
        segment.plain = text if segment.plain is None else f"{segment.plain}\n{text}"


def _join(segments: list[_Segment]) -> tuple[str, str]:
    """Put the segments together so that neither form lacks words that the other has.

    Where a stretch is HTML only there is no complete plain text: "" then, and HTML has all of it.
    """
    plain_complete = all(segment.plain is not None for segment in segments)
    plain = "\n".join(segment.plain or "" for segment in segments) if plain_complete else ""
    if not any(segment.html for segment in segments):
        return plain or "\n".join(segment.plain or "" for segment in segments), ""
    pieces = [
        segment.html
        if segment.html is not None
        else f"<pre>{html.escape(segment.plain or '')}</pre>"
        for segment in segments
    ]
    return plain, "\n".join(pieces)
