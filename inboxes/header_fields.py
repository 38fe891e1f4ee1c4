"""RFC 5322 §2.2 and RFC 2045 §5, 2231: header fields out of octets, bounded, lazily."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from inboxes import charsets
from inboxes.encoded_words import decode_header_text

HEADERS_LIMIT = 256 * 1024
FIELD_LIMIT = 64 * 1024
_PARAMETERS_LIMIT = 100

_FIELD = re.compile(rb"[^\n]*+(?:\n[ \t]++[^\s][^\n]*+)*(?:\n|\Z)")
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,256}[ \t]*:")
_FOLD = re.compile(r"\r?\n[ \t]*|\r")
_PARAMETER = re.compile(
    r";\s*(?P<name>[^\s=;\"]{1,100})\s*=\s*"
    r"(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"?|(?P<bare>[^;]*))",
    re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_CONTINUED = re.compile(r"(?P<name>[^*]+)\*(?P<index>\d{1,4})?(?P<encoded>\*)?\Z")


@dataclass(slots=True)
class HeaderBlock:
    """The fields of one message or part, values unfolded but not decoded, and where its body is."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    body_start: int = 0
    warnings: set[str] = field(default_factory=set)

    def first(self, name: str) -> str:
        """Answer the first value of the field `name` (lower case), "" if there is none."""
        return next((value for key, value in self.fields if key.lower() == name), "")

    def every(self, name: str) -> list[str]:
        """Answer all values of the field `name` (lower case), in order."""
        return [value for key, value in self.fields if key.lower() == name]


def read_headers(raw: bytes, start: int, end: int) -> HeaderBlock:
    """Read the header of the entity in raw[start:end], up to the limits of MAIL.md."""
    block = HeaderBlock(body_start=end)
    kept = 0
    for position, line_end, is_field in _header_lines(raw, start, end):
        if not is_field:
            block.body_start = line_end
            break
        if kept >= HEADERS_LIMIT:
            block.warnings.add("headers_truncated")
            block.body_start = _body_after(raw, position, end)
            break
        kept += min(line_end - position, FIELD_LIMIT)
        if not _keep_field(block, raw, position, line_end):
            block.body_start = position
            break
    return block


def _header_lines(raw: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Give (start, end, is it a field) of each folded line; the first non-field ends the header."""
    position = start
    while position < end:
        found = _FIELD.match(raw, position, end)
        if found is None or found.end() == position:
            return
        if (
            raw[position : position + 2] in (b"\r\n", b"\n")
            or raw[position : position + 1] == b"\n"
        ):
            yield position, found.end(), False
            return
        yield position, found.end(), True
        position = found.end()


def _keep_field(block: HeaderBlock, raw: bytes, position: int, line_end: int) -> bool:
    """Keep one folded line; answer False where no header can have begun, so that it is body."""
    octets = raw[position : min(line_end, position + FIELD_LIMIT)]
    if line_end - position > FIELD_LIMIT:
        block.warnings.add("header_truncated")
    name = _FIELD_NAME.match(octets)
    if name is None:
        return _keep_broken_line(block, octets)
    value = field_text(octets[name.end() :])
    block.fields.append((name[0][:-1].rstrip().decode("ascii"), value))
    return True


def _keep_broken_line(block: HeaderBlock, octets: bytes) -> bool:
    """A line that is no field: the rest of the one before, wrapped without its white space."""
    if octets.startswith((b"From ", b">From ")):
        return True
    if not block.fields:
        return False
    if not octets.strip():
        return True
    block.warnings.add("header_malformed")
    name, value = block.fields[-1]
    if len(value) < FIELD_LIMIT:
        block.fields[-1] = (name, f"{value} {field_text(octets)}"[:FIELD_LIMIT])
    return True


def _body_after(raw: bytes, position: int, end: int) -> int:
    """Find the body of an entity whose header is too long to be read to its end."""
    ends = [(raw.find(mark, position - 2, end), len(mark)) for mark in (b"\n\r\n", b"\n\n")]
    return min((at + length for at, length in ends if at >= 0), default=end)


def field_text(octets: bytes) -> str:
    """Unfold one field body. Octets beyond ASCII are UTF-8 (RFC 6532) or else windows-1252."""
    text = octets.decode("ascii") if octets.isascii() else charsets.decode(octets)[0]
    text = text.strip()
    if "\n" in text or "\r" in text:
        text = _FOLD.sub(_unfold, text)
    return text.replace("\0", "") if "\0" in text else text


def _unfold(fold: re.Match[str]) -> str:
    # RFC 5322 §2.2.3 keeps the white space; a lone CR or an empty fold becomes one space.
    return fold[0].lstrip("\r\n") or " "


@dataclass(frozen=True, slots=True)
class Structured:
    """A field body with parameters: `text/plain; charset=utf-8` (value in lower case)."""

    value: str
    parameters: dict[str, str]

    def get(self, name: str) -> str:
        """Answer the parameter `name`, decoded, or ""."""
        return self.parameters.get(name, "")


def parse_structured(text: str) -> Structured:
    """Read a value and its parameters by RFC 2045 and 2231, and by what senders write instead."""
    value, _, _ = text.partition(";")
    value = value.partition("(")[0].strip().strip("\"'").lower()
    if len(value) == len(text):
        return Structured(value, {})
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, found in enumerate(_PARAMETER.finditer(text)):
        if count == _PARAMETERS_LIMIT:
            break
        name = found["name"].lower()
        held = _parameter_text(found)
        if continued := _CONTINUED.match(name):
            index = int(continued["index"] or 0)
            encoded = bool(continued["encoded"]) or continued["index"] is None
            pieces.setdefault(continued["name"], {}).setdefault(index, (held, encoded))
        else:
            plain.setdefault(name, decode_header_text(held) if "=?" in held else held)
    for name, numbered in pieces.items():
        plain[name] = _join_continuations(numbered)
    return Structured(value, plain)


def _parameter_text(found: re.Match[str]) -> str:
    if found["quoted"] is not None:
        return _QUOTED_PAIR.sub(r"\1", found["quoted"])
    return found["bare"].strip().strip("'")


def _join_continuations(numbered: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 §3 and §4: put the numbered pieces together, then decode them as one."""
    ordered = [numbered[index] for index in sorted(numbered)]
    charset = ""
    first, encoded = ordered[0]
    if encoded and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
        ordered[0] = (first, encoded)
    octets = b"".join(
        unquote_to_bytes(piece) if is_encoded else piece.encode("utf-8", "replace")
        for piece, is_encoded in ordered
    )
    text = charsets.decode(octets, charset)[0]
    return decode_header_text(text) if "=?" in text else text
