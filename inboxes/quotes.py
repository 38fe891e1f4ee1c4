"""What is new in a reply: quoted history and signature told apart from the person's own words.

There is no standard for either. A text is read line by line, once: lines with ">", the sentence
that introduces them, the header fields that Outlook pastes, the delimiters of signatures. HTML adds
what the client itself marks. What would leave nothing is left as it is.
"""

import re
from dataclasses import dataclass
from typing import Literal

from inboxes.html_text import HtmlLine, html_lines
from inboxes.quote_lines import (
    announces_message,
    attribution_length,
    header_block_length,
    introduces_marked,
    is_between_arrows,
    is_rule,
    may_introduce,
)
from inboxes.signatures import signature_start

Kind = Literal["new", "quote", "signature"]

MAX_LINES = 10_000  # what follows is kept as it is
MAX_HTML = 500_000  # characters; what follows is not read
_CLIENT_MARKS = re.compile(
    r"<blockquote|gmail_quote|divRplyFwdMsg|moz-cite-prefix|yahoo_quoted|appendonsend",
    re.IGNORECASE,
)
_LINK_GOES_ON = re.compile(r"[(<]https?://[^\s)>]*$")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A stretch of whole lines of one kind; the `text` of all, joined by line ends, is the mail."""

    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines `start` to `end` are quoted; `introduced`: the first of them says so."""

    start: int
    end: int
    introduced: bool


def reply_text(plain: str, html: str = "") -> str:
    """The person's own words: no quotation, no signature. The whole text if none are left."""
    return _text_of(_labelled(plain, html), {"new"})


def without_quotes(plain: str, html: str = "") -> str:
    """The text with its signature but without the quotations."""
    return _text_of(_labelled(plain, html), {"new", "signature"})


def fold_quotes(plain: str) -> list[Fragment]:
    """The whole text in order, cut into what is new, quoted and signature."""
    lines = _lines(plain)
    fragments: list[Fragment] = []
    start = 0
    kinds = _kinds(lines, [""] * len(lines))
    for i in range(1, len(lines) + 1):
        if i == len(lines) or kinds[i] != kinds[start]:
            fragments.append(Fragment("\n".join(lines[start:i]), kinds[start]))
            start = i
    return fragments


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _labelled(plain: str, html: str) -> tuple[list[str], list[Kind]]:
    if plain.strip():
        lines = _lines(plain)
        kinds = _kinds(lines, [""] * len(lines))
        if "quote" in kinds or not _CLIENT_MARKS.search(html):
            return lines, kinds
    shown = html_lines(html[:MAX_HTML], links=False, client_marks=True)
    lines = [line.text for line in shown]
    return lines, _kinds(lines, [_mark(line) for line in shown])


def _mark(line: HtmlLine) -> str:
    return "quote" if line.depth else line.mark


def _text_of(labelled: tuple[list[str], list[Kind]], wanted: set[str]) -> str:
    lines, kinds = labelled
    kept = [line for line, kind in zip(lines, kinds, strict=True) if kind in wanted]
    return "\n".join(line.rstrip() for line in kept).strip("\n") or "\n".join(lines).strip()


def _kinds(lines: list[str], marks: list[str]) -> list[Kind]:
    """One kind for each line. `marks` is what the client itself has said of it."""
    count = min(len(lines), MAX_LINES)
    kinds: list[Kind] = ["quote" if mark == "quote" else "new" for mark in marks]
    end, runs = _find_quotations(lines[:count], marks)
    if end < count:
        kinds[end:] = ["quote"] * (len(lines) - end)
    for run in _removed(lines, runs, end):
        kinds[run.start : run.end] = ["quote"] * (run.end - run.start)
    _label_signature(lines, kinds, marks, end)
    if not _any_new(lines, kinds):
        return ["new"] * len(lines)
    return kinds


def _any_new(lines: list[str], kinds: list[Kind]) -> bool:
    return any(kind != "quote" and line.strip() for line, kind in zip(lines, kinds, strict=True))


def _find_quotations(lines: list[str], marks: list[str]) -> tuple[int, list[_Run]]:
    """Where the text ends and only history follows, and the quoted runs before that."""
    runs: list[_Run] = []
    at, said = 0, False  # said: something of the person's own stands above
    while at < len(lines):
        if not marks[at] and not may_introduce(lines[at]):
            said = said or (bool(lines[at].strip()) and not is_rule(lines[at]))
            at += 1
            continue
        if _is_quoted(lines[at], marks[at]):
            run = _run_from(lines, marks, at, at)
            runs.append(run)
            at = run.end
            continue
        length, introduces = _introduction(lines, at)
        if not length and introduces_marked(lines[at]):
            introduces = _quoted_after(lines, marks, at + 1) > 0
            length = int(introduces)
        if introduces and (run_at := _quoted_after(lines, marks, at + length)):
            runs.append(_run_from(lines, marks, at, run_at))
            at = runs[-1].end
        elif length and said:
            return _before(lines, at), runs
        else:
            said = said or (not length and bool(lines[at].strip()) and not is_rule(lines[at]))
            at += length or 1
    return len(lines), runs


def _introduction(lines: list[str], at: int) -> tuple[int, bool]:
    """How many lines from `at` on introduce old mail, and if only marked lines may be quoted."""
    if not lines[at].strip():
        return 0, False
    if length := attribution_length(lines, at):
        return length, True
    if announces_message(lines[at]):
        return 1, False
    return header_block_length(lines, at), False


def _is_quoted(line: str, mark: str) -> bool:
    return mark == "quote" or (line.lstrip(" \t")[:1] == ">" and not is_between_arrows(line))


def _quoted_after(lines: list[str], marks: list[str], at: int) -> int:
    """The first marked line after blank ones from `at` on; 0 when something else stands there."""
    for i in range(at, min(at + 8, len(lines))):
        if _is_quoted(lines[i], marks[i]):
            return i
        if lines[i].strip():
            return 0
    return 0


def _run_from(lines: list[str], marks: list[str], start: int, at: int) -> _Run:
    """The quoted lines from `at` on, with the blank lines and broken ends between them."""
    introduced = start < at or marks[at] == "quote" or _introduces_within(lines, at)
    end = i = at
    while i < len(lines):
        if _is_quoted(lines[i], marks[i]):
            i += 1
            end = i
        elif not lines[i].strip() and i - end < 3:
            i += 1
        elif i == end and _broken(lines, i):
            i += 1
            end = i
        else:
            break
    return _Run(start, end, introduced)


def _broken(lines: list[str], at: int) -> bool:
    """A quoted line that some server has wrapped: its end stands here without a mark."""
    if at + 1 >= len(lines) or not lines[at + 1].lstrip().startswith(">"):
        return False
    above = lines[at - 1].rstrip()[-2000:]
    return _LINK_GOES_ON.search(above) is not None or (
        len(above) >= 66 and above[-1] not in ".?!:>"
    )


def _introduces_within(lines: list[str], at: int) -> bool:
    inside = [line.lstrip("> \t") for line in lines[at : at + 4]]
    return announces_message(inside[0]) or attribution_length(inside, 0) > 0


def _before(lines: list[str], at: int) -> int:
    """`at`, without the rows and announcements just above it."""
    end = at
    while end and (
        not lines[end - 1].strip() or is_rule(lines[end - 1]) or announces_message(lines[end - 1])
    ):
        end -= 1
    return end


def _removed(lines: list[str], runs: list[_Run], end: int) -> list[_Run]:
    """Of the quoted runs, those that are history and not what the answer between them speaks of."""
    last = [
        _Run(run.start, end, run.introduced)
        for run in runs[-1:]
        if _only_blank(lines[run.end : end])
    ]
    inner = runs[: len(runs) - len(last)]
    said = any(line.strip() for line in lines[: last[0].start]) if last else False
    gone = [run for run in last if run.introduced or (said and _counted(lines, run) >= 2)]
    if len(inner) == 1 and inner[0].introduced:
        return [*inner, *gone]
    return [*(_first_lines(lines, run) for run in inner if run.introduced), *gone]


def _first_lines(lines: list[str], run: _Run) -> _Run:
    """Of an introduced run that is answered point by point only the introduction goes."""
    end = run.start
    while end < run.end and not lines[end].lstrip().startswith(">"):
        end += 1
    return _Run(run.start, end, introduced=True)


def _counted(lines: list[str], run: _Run) -> int:
    return sum(1 for line in lines[run.start : run.end] if line.strip(" \t>"))


def _only_blank(lines: list[str]) -> bool:
    return not any(line.strip() and not is_rule(line) for line in lines)


def _label_signature(lines: list[str], kinds: list[Kind], marks: list[str], end: int) -> None:
    """In the last stretch of new text, and in that above a quotation which ends the mail."""
    for i, mark in enumerate(marks):
        if mark == "signature" and kinds[i] == "new":
            kinds[i] = "signature"
    own = [i for i in range(end) if kinds[i] == "new"]
    if not own:
        return
    start = signature_start([lines[i] for i in own])
    for i in own[start:]:
        kinds[i] = "signature"
