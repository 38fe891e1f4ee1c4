"""RFC 2045 §6, 2046 and 3676: what a part holds, and which parts are the message's own words."""

import binascii
import html
import io
import re
from dataclasses import dataclass, field

from inboxes import charsets
from inboxes.encoded_words import decode_base64
from inboxes.header_fields import Structured, parse_structured
from inboxes.mime_tree import Part

BODY_LIMIT = 2 * 1024 * 1024
_ENCODED_LIMIT = 4 * BODY_LIMIT
_HTML_LIMIT = 2 * BODY_LIMIT  # with plain stretches, which grow by escaping
_BAD_LINES_LIMIT = 100
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
    """Decode uuencode; octets that are mostly something else are left as they are."""
    decoded = bytearray()
    bad = 0
    lines = io.BytesIO(octets)
    for line in lines:
        if line.startswith(b"begin "):
            break
    for line in lines:
        if line.strip() in (b"end", b"`"):
            break
        try:
            decoded += binascii.a2b_uu(line.rstrip(b"\r\n"))
        except binascii.Error:
            bad += 1
        # Short lines decode to NULs: nothing honest grows by decoding.
        if bad > _BAD_LINES_LIMIT or len(decoded) > len(octets):
            warnings.add("uuencode_malformed")
            return octets
    if bad:
        warnings.add("uuencode_malformed")
    return bytes(decoded)


@dataclass(slots=True)
class Leaf:
    """A part without children, with the fields that say what it is."""

    part: Part
    disposition: Structured
    filename: str

    @property
    def is_text(self) -> bool:
        """Tell whether a mail program would show this as part of the message itself."""
        return not self.filename and self.is_named_text

    @property
    def is_named_text(self) -> bool:
        """Tell whether this would be part of the message itself, but for its file name."""
        readable = self.part.content_type.value in ("text/plain", "text/html", "text", "")
        return readable and self.disposition.value != "attachment"

    @property
    def is_html(self) -> bool:
        """Tell whether this is text/html."""
        return self.part.content_type.value == "text/html"


def leaf_of(part: Part) -> Leaf:
    """Read the disposition and the file name of a part (RFC 2183, else the old `name=`)."""
    disposition = parse_structured(part.header.first("content-disposition"))
    filename = disposition.get("filename") or part.content_type.get("name")
    return Leaf(part, disposition, " ".join(charsets.clean(filename).split())[:500])


def text_of(raw: bytes, part: Part, warnings: set[str], *, limit: int = BODY_LIMIT) -> str:
    r"""Decode a text part into str with \n line ends, cut at `limit` octets."""
    octets = raw[part.start : min(part.end, part.start + _ENCODED_LIMIT)]
    octets = decode_transfer(octets, part.header.first("content-transfer-encoding"), warnings)
    if part.end - part.start > _ENCODED_LIMIT or len(octets) > limit:
        warnings.add("body_truncated")
        cut = octets.rfind(b"\n", 0, limit) + 1
        octets = octets[: cut or limit]
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

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)


def read_bodies(raw: bytes, root: Part, warnings: set[str]) -> Bodies:
    """Gather the bodies and the attachments of a tree; each body ends at BODY_LIMIT octets."""
    bodies = Bodies()
    segments: list[_Segment] = []
    of_alternative: dict[int, _Segment] = {}
    left = {"plain": BODY_LIMIT, "html": BODY_LIMIT}
    leaves = [leaf_of(part) for part in root.walk() if not part.children]
    words = _words_among(leaves, root)
    for leaf in leaves:
        if id(leaf) not in words:
            bodies.attachments.append(leaf)
            continue
        form = "html" if leaf.is_html else "plain"
        text = text_of(raw, leaf.part, warnings, limit=left[form])
        left[form] = max(0, left[form] - len(text))
        segment = _segment_for(leaf.part, segments, of_alternative, is_html=leaf.is_html)
        (segment.html if leaf.is_html else segment.plain).append(text)
    bodies.plain, bodies.html = _join(segments)
    return bodies


def _words_among(leaves: list[Leaf], root: Part) -> set[int]:
    """Choose the leaves (by identity) that are the message itself, not attached to it."""
    words = {id(leaf) for leaf in leaves if leaf.is_text}
    if not words:
        # A sender that names its text part has still sent a text.
        named = (x for x in leaves if x.part is not root and x.is_named_text)
        sole = (x for x in leaves if x.part is root and _is_sole_text(x))
        words = {id(leaf) for leaf in (next(sole, None) or next(named, None),) if leaf}
    return words


def _is_sole_text(leaf: Leaf) -> bool:
    """A message of one part is its own text, whatever name it was given."""
    kind = leaf.part.content_type.value
    readable = kind.startswith(("text/", "multipart/")) or "/" not in kind
    return readable and leaf.disposition.value != "attachment"


def _segment_for(
    part: Part, segments: list[_Segment], of_alternative: dict[int, _Segment], *, is_html: bool
) -> _Segment:
    """Find the segment of the multipart/alternative above, or begin one."""
    above = part.parent
    while above is not None and above.content_type.value != "multipart/alternative":
        above = above.parent
    if above is not None and id(above) in of_alternative:
        return of_alternative[id(above)]
    if above is None and is_html and len(segments) == 1 and not segments[0].html:
        # Plain text and then the same as HTML under multipart/mixed: alternatives in all but name.
        return segments[0]
    segment = _Segment()
    segments.append(segment)
    if above is not None:
        of_alternative[id(above)] = segment
    return segment


def _join(segments: list[_Segment]) -> tuple[str, str]:
    """Put the segments together so that neither form lacks words that the other has.

    Where a stretch is HTML only there is no complete plain text: "" then, and HTML has all of it.
    """
    complete = all(segment.plain for segment in segments)
    plain = "\n".join(text for segment in segments for text in segment.plain) if complete else ""
    if not any(segment.html for segment in segments):
        return plain, ""
    pieces: list[str] = []
    for segment in segments:
        pieces += segment.html or [f"<pre>{html.escape(text)}</pre>" for text in segment.plain]
    # Some senders leave the plain form blank: then there is none.
    return plain if plain.strip() else "", "\n".join(pieces)[:_HTML_LIMIT]
