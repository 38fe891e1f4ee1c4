"""Automatic replies (RFC 3834): out of office with its dates and substitutes, and challenges that
ask the sender to prove something. In the languages that the well-known programs speak."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tracking.absence_words import (
    ABSENT,
    BACK,
    BACK_AFTER,
    MONTHS,
    UNTIL,
    UNTIL_AFTER,
    WRITE_TO,
)
from tracking.report_texts import ADDRESS

READ_LIMIT = 8000
_SUBSTITUTES_LIMIT = 5
_AHEAD = timedelta(days=400)

_CHALLENGE = re.compile(
    r"(?:confirm|verify|prove|authenticate)(?: that)? (?:you(?:r)?(?:'re)? )?(?:are (?:a |not "
    r"|human|the)|human|e-?mail|identity|message|address|sender)|challenge[ -/]*response"
    r"|(?:held|quarantined|waiting|kept)(?: \w+){0,6} (?:until|unless|because|pending)|(?:add"
    r"|put|added)(?: \S+){0,5} (?:to|on) (?:\w+ ){0,3}(?:white ?list|allow(?:ed)? ?list"
    r"|guest list|approved (?:senders?|list))|(?:approved|allowed|white ?list(?:ed)?) senders?"
    r"|boxbe|spam ?arrest|click (?:\w+ ){0,6}(?:to )?(?:deliver|release|confirm|verify)"
    r"|(?:reply|respond) to this (?:message|e-?mail) (?:to|and)(?: \w+){0,6} (?:deliver"
    r"|confirm|release|white)|sender verification|awaiting (?:your )?(?:approval|verification"
    r"|confirmation)",
    re.IGNORECASE,
)
_UNCONFIRMED = re.compile(
    r"requires? (?:\w+ )?confirmation|not pre-?approved|challenge[ -/]*response"
    r"|confirm (?:this|that|your) (?:mail|message|e-?mail|address|identity|server)",
    re.IGNORECASE,
)

_MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_DATE = re.compile(
    rf"(?P<iso>\d{{4}}(?P<mark>[-./])\d\d?(?P=mark)\d\d?)(?!\d)"
    rf"|(?P<cjk>(?:\d{{4}}[年년] ?)?\d{{1,2}}[月월] ?\d{{1,2}}[日号號일])"
    rf"|(?<!\d)(?P<numbers>\d{{1,2}}[./-]\d{{1,2}}(?:[./-](?:\d{{4}}|\d\d))?)(?![\d:])"
    rf"|(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.|º|°)?(?: (?:of"
    rf"|de))? ?(?P<month>{_MONTH})\b(?:\.?,? (?:de )?(?P<year>\d{{4}}))?"
    rf"|(?P<month2>{_MONTH})\b\.? (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year2>\d{{4}}))?",
    re.IGNORECASE,
)
_NEAR = 160


@dataclass(frozen=True, slots=True)
class Absence:
    """What an out of office says. `back_on` is the date that it states, "until" or "back on"."""

    back_on: date | None
    substitutes: tuple[str, ...]


def is_absence(subject: str, text: str) -> bool:
    """Tell whether an automatic reply says that somebody is away."""
    return bool(ABSENT.search(subject[:500]) or ABSENT.search(text[:READ_LIMIT]))


def is_challenge(subject: str, text: str) -> bool:
    """Tell whether a message asks its reader to confirm something before mail is delivered."""
    return bool(_CHALLENGE.search(subject[:500]) or _CHALLENGE.search(text[:READ_LIMIT]))


def is_unconfirmed(words: str) -> bool:
    """Tell whether a server refuses only until its sender has confirmed something."""
    return bool(_UNCONFIRMED.search(words[:READ_LIMIT]))


def absence_of(subject: str, text: str, *, sent_on: date, own: set[str]) -> Absence:
    """When they are back, and whom to write to instead. `own`: folded addresses that are no
    substitute, because they are the absent one's or ours."""
    words = f"{subject[:500]}\n{text[:READ_LIMIT]}"
    return Absence(_back_on(words, sent_on), tuple(_substitutes(words, own)))


def _back_on(words: str, sent_on: date) -> date | None:
    """The date behind a word of return, else the one behind "until", else none."""
    found = [
        (match, when)
        for match in _DATE.finditer(words)
        if (when := _date_of(match, sent_on)) and sent_on <= when <= sent_on + _AHEAD
    ]
    for before, after in ((BACK, BACK_AFTER), (UNTIL, UNTIL_AFTER)):
        for match, when in found:
            if before.search(_sentence_before(words, match.start())) or after.match(
                _next_word(words, match.end())
            ):
                return when
    return None


def _sentence_before(words: str, position: int) -> str:
    before = words[max(0, position - 50) : position]
    return re.split(r"[!?]|\.(?=\s+[A-ZÄÖÜ])|\n\s*\n|[;:]", before)[-1]


def _next_word(words: str, position: int) -> str:
    return words[position : position + 20].lstrip(" ")


def _date_of(match: re.Match[str], sent_on: date) -> date | None:
    if match["iso"]:
        return _day(*map(int, match["iso"].split(match["mark"])))
    if match["cjk"]:
        *year, month, day = map(int, re.findall(r"\d+", match["cjk"]))
        return _day(year[0], month, day) if year else _next(sent_on, month, day)
    if match["numbers"]:
        return _of_numbers(match["numbers"], sent_on)
    month = MONTHS[(match["month"] or match["month2"]).lower()]
    day, year_said = int(match["day"] or match["day2"]), match["year"] or match["year2"]
    return _day(int(year_said), month, day) if year_said else _next(sent_on, month, day)


def _of_numbers(numbers: str, sent_on: date) -> date | None:
    """24.12.2026, 24/12, 12/24/26: where both readings make a date, the nearer one ahead."""
    first, second, *rest = map(int, re.split(r"[./-]", numbers))
    readings = [(second, first)] if "." in numbers else [(second, first), (first, second)]
    days = []
    for month, day in readings:
        if rest:
            year = rest[0] if rest[0] > 99 else 2000 + rest[0]
            days.append(_day(year, month, day))
        else:
            days.append(_next(sent_on, month, day))
    ahead = [each for each in days if each and each >= sent_on]
    return min(ahead, default=None)


def _next(sent_on: date, month: int, day: int) -> date | None:
    this_year = _day(sent_on.year, month, day)
    if this_year is not None and this_year >= sent_on:
        return this_year
    return _day(sent_on.year + 1, month, day)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _substitutes(words: str, own: set[str]) -> Iterator[str]:
    seen = set(own)
    for match in ADDRESS.finditer(words):
        address = match[0].rstrip(".")
        near = words[max(0, match.start() - _NEAR) : match.end() + 40]
        if address.lower() not in seen and WRITE_TO.search(near):
            seen.add(address.lower())
            yield address
            if len(seen) - len(own) >= _SUBSTITUTES_LIMIT:
                return
