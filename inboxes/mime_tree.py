"""RFC 2046: the parts of a message, found by their boundaries in the octets, never copied.

Bounded in nesting and number; without recursion, so that no message can exhaust the stack.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inboxes.header_fields import HeaderBlock, Structured, parse_structured, read_headers

NESTING_LIMIT = 50
PARTS_LIMIT = 1000
_BOUNDARY_LIMIT = 200  # RFC 2046 §5.1.1 allows 70
# Blank lines before the header, where a field follows: else they are an empty header.
_LEADING_BLANK = re.compile(rb"(?:[ \t]{0,1000}+\r?\n){1,100}(?=[A-Za-z][A-Za-z-]{1,60}:[ \t])")


@dataclass(slots=True)
class Part:
    """One entity: a leaf with a body, or a multipart with children."""

    path: str  # "1.2", as IMAP numbers parts; "" is a multipart at the top
    header: HeaderBlock
    content_type: Structured
    start: int  # of the body
    end: int
    depth: int
    parent: "Part | None"
    children: "list[Part]"

    @property
    def is_multipart(self) -> bool:
        """Tell whether this part was cut into children."""
        return bool(self.children)

    def walk(self) -> "Iterator[Part]":
        """Give this part and all below it, in the order of the octets."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))


def read_tree(raw: bytes, warnings: set[str]) -> Part:
    """Cut `raw` into its parts; what goes over a limit stays whole in the part above."""
    blank = _LEADING_BLANK.match(raw)
    root = _entity(raw, blank.end() if blank else 0, len(raw), path="", parent=None)
    waiting = [root]
    count = 1
    while waiting:
        part = waiting.pop()
        warnings |= part.header.warnings
        boundary = _boundary(part)
        if not boundary:
            continue
        if part.depth >= NESTING_LIMIT:
            warnings.add("nesting_limit")
            continue
        for number, (start, end) in enumerate(_sections(raw, part, boundary, warnings), 1):
            if count >= PARTS_LIMIT:
                warnings.add("parts_limit")
                break
            path = f"{part.path}.{number}" if part.path else str(number)
            part.children.append(_entity(raw, start, end, path=path, parent=part))
            count += 1
        waiting.extend(reversed(part.children))
    if not root.children:
        root.path = "1"
    return root


def _entity(raw: bytes, start: int, end: int, *, path: str, parent: Part | None) -> Part:
    header = read_headers(raw, start, end)
    declared = header.first("content-type")
    default = "message/rfc822" if parent and parent.content_type.value == "multipart/digest" else ""
    return Part(
        path=path,
        header=header,
        content_type=parse_structured(declared or default or "text/plain"),
        start=header.body_start,
        end=max(end, header.body_start),
        depth=parent.depth + 1 if parent else 0,
        parent=parent,
        children=[],
    )


def _boundary(part: Part) -> bytes:
    if not part.content_type.value.startswith("multipart"):
        return b""
    boundary = part.content_type.get("boundary").rstrip()
    return boundary.encode("utf-8", "replace") if len(boundary) <= _BOUNDARY_LIMIT else b""


def _sections(
    raw: bytes, part: Part, boundary: bytes, warnings: set[str]
) -> Iterator[tuple[int, int]]:
    """Give (start, end) of each body part; the line end before a delimiter belongs to it."""
    line = rb"--" + re.escape(boundary)
    delimiter = re.compile(line + rb"(?<=\n" + line + rb")(--)?[ \t]*+(?:\r?\n|\Z)")
    opened = -1
    position = part.start
    while (found := delimiter.search(raw, position, part.end)) is not None:
        if opened >= 0 and found.start() >= opened:
            yield opened, _before_line_end(raw, found.start(), opened)
        if found[1]:
            return
        opened = position = found.end()
    if opened < 0:
        warnings.add("multipart_without_parts")
    else:
        warnings.add("multipart_unclosed")
        if raw[opened : part.end].strip():
            yield opened, part.end


def _before_line_end(raw: bytes, at: int, floor: int) -> int:
    if at > floor and raw[at - 1] == 0x0A:
        at -= 1
        if at > floor and raw[at - 1] == 0x0D:
            at -= 1
    return at
