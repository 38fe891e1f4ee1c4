"""What somebody typed into a search field: operators, and the words that are left.

from:ann@example.com subject:"last invoice" has:attachment -label:spam refund
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

_TERM = re.compile(
    r'(?P<phrase>-?"[^"]*"?)'
    r'|(?P<not>-?)(?P<name>[a-z]+):(?P<value>"[^"]*"|[^\s"]+)(?=\s|\Z)'
    r"|(?P<word>\S+)",
    re.IGNORECASE,
)
_FLAGS = {
    ("has", "attachment"): ("attachment", True),
    ("is", "unread"): ("unread", True),
    ("is", "read"): ("unread", False),
}
_MOST_TERMS = 20


@dataclass(frozen=True, slots=True)
class Term:
    """One operator. `name`: from, to, subject, label, before, after, attachment or unread."""

    name: str
    value: str | datetime | bool
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: all of the terms, and the words, which PostgreSQL's websearch reads."""

    terms: tuple[Term, ...]
    words: str


def read_words(typed: str) -> Wanted:
    """Never refuses: what is no operator, or has no value that fits, is a plain word."""
    terms: list[Term] = []
    words: list[str] = []
    for found in _TERM.finditer(typed):
        term = _term(found) if found["name"] and len(terms) < _MOST_TERMS else None
        if term is None:
            words.append(found[0])
        else:
            terms.append(term)
    return Wanted(tuple(terms), " ".join(words))


def _term(found: re.Match[str]) -> Term | None:
    name, value = found["name"].lower(), found["value"].strip('"').strip()
    excluded = bool(found["not"])
    if not value:
        return None
    if name in ("from", "to", "subject", "label"):
        return Term(name, value, excluded)
    if flag := _FLAGS.get((name, value.lower())):
        return Term(*flag, excluded)
    if name in ("before", "after") and (moment := _midnight(value)):
        return Term(name, moment, excluded)
    return None


def _midnight(value: str) -> datetime | None:
    """The beginning of a day in UTC: `2026-11-21` or `2026/11/21`."""
    try:
        return datetime.combine(date.fromisoformat(value.replace("/", "-")), time(), UTC)
    except ValueError:
        return None
