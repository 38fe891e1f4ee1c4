"""Automatic replies (RFC 3834): out of office with its dates and substitutes, and challenges that
ask the sender to prove something. In the languages that the well-known programs speak."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from tracking.report_texts import ADDRESS

READ_LIMIT = 8000
_SUBSTITUTES_LIMIT = 5
_AHEAD = timedelta(days=400)

_ABSENT = re.compile(
    r"out[ -]of[ -](?:the )?office|\booo\b|out of town|(?:away|absent) (?:from|until|on)"
    r"|on (?:vacation|holiday|leave|annual leave|maternity|parental|sick leave"
    r"|a business trip)|(?:am|is|be|'m|currently) (?:away|absent|travell?ing|unavailable"
    r"|not (?:in|available|at))|not be (?:in the office|reading|available|checking)"
    r"|limited access to (?:my )?(?:e-?mail|mail)|vacation (?:message|reply|notice|response)"
    r"|public holiday|(?:will|'ll) (?:be back|return|be returning)|back in the office"
    r"|abwesen|nicht (?:im (?:büro|haus|dienst)|am (?:platz|arbeitsplatz)|erreichbar)"
    r"|außer haus|im urlaub|urlaub|dienstreise|elternzeit|wieder (?:da|im|erreichbar|zurück)"
    r"|(?:außerhalb|ausserhalb) des b"
    r"|absen(?:t|ce)|en (?:congés?|vacances|déplacement)|de retour|(?:fuera"
    r"|ausente) de (?:la )?oficina|ausente|de vacaciones|fuori (?:sede|ufficio)|assente"
    r"|in ferie|fora do escrit[óo]rio|de férias|afwezig|niet (?:op kantoor|aanwezig)"
    r"|met vakantie|poza biurem|nieobecn|urlopie|frånvar|fraværende|poissa|отпуск|отсутств|不在"
    r"|休暇|外出",
    re.IGNORECASE,
)
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

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar januari janvier enero gennaio janeiro stycznia januar",
            "february feb februar februari février fevrier febrero febbraio fevereiro lutego",
            "march mar märz maerz maart mars marzo março marca",
            "april apr avril abril aprile kwietnia",
            "may mai mei mayo maggio maio maja",
            "june jun juni juin junio giugno junho czerwca",
            "july jul juli juillet julio luglio julho lipca",
            "august aug augustus août aout agosto sierpnia",
            "september sep sept septembre septiembre settembre setembro września",
            "october oct oktober okt octobre octubre ottobre outubro października",
            "november nov novembre noviembre novembro listopada",
            "december dec dezember dez décembre decembre diciembre dicembre dezembro grudnia",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_DATE = re.compile(
    rf"(?P<iso>\d{{4}}-\d\d-\d\d)|(?P<cjk>(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}日)"
    rf"|(?P<numbers>\d{{1,2}}[./-]\d{{1,2}}(?:[./-](?:\d{{4}}|\d\d))?)(?![\d:])"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.|º|°)?(?: (?:of"
    rf"|de))? ?(?P<month>{_MONTH})\b\.?,?(?: (?:de )?(?P<year>\d{{4}}))?"
    rf"|(?P<month2>{_MONTH})\b\.? (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year2>\d{{4}}))?",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"\b(?:back|return(?:ing)?|available again|reachable again|resume|zurück|wieder|retour"
    r"|regres\w*|vuelvo|volver\w*|rientr\w*|ritorn\w*|terug|retorn\w*|voltar\w*|wracam|wrócę"
    r"|tillbaka|tilbake|takaisin)\b",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"\b(?:until|till?|through|thru|to|bis|jusqu'?(?:au|à)|hasta|fino al?|al|au|t/m|tot|até"
    r"|ate|do|till|до|по)\b|[\u2013-]|から|まで",
    re.IGNORECASE,
)
_WRITE_TO = re.compile(
    r"\b(?:contact(?!s\b)|write to|e-?mail(?: to)?|reach|refer|get in touch|turn to|speak to"
    r"|call|forward(?:ed)?|assist\w*|direct(?:ed)?|send|instead|alternativ\w*|urgent|wenden"
    r"|kontakt\w*|vertret\w*|schreiben|dringend\w*|contact(?:er|ez)|adresser|écri\w*"
    r"|contact\w*|escrib\w*|dirig\w*|contatt\w*|rivolg\w*|scriv\w*|neem|mailen|skontakt\w*"
    r"|связ\w*)|連絡",
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
    return bool(_ABSENT.search(subject[:500]) or _ABSENT.search(text[:READ_LIMIT]))


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
    for introduced_by in (_BACK, _UNTIL):
        for match, when in found:
            before = _sentence_before(words, match.start())
            if introduced_by.search(before) or introduced_by.match(_next_word(words, match.end())):
                return when
    return None


def _sentence_before(words: str, position: int) -> str:
    before = words[max(0, position - 50) : position]
    return re.split(r"[!?]|\.(?=\s+[A-ZÄÖÜ])|\n\s*\n|[;:]", before)[-1]


def _next_word(words: str, position: int) -> str:
    return words[position : position + 20].lstrip(" ")


def _date_of(match: re.Match[str], sent_on: date) -> date | None:
    if match["iso"]:
        return _day(*map(int, match["iso"].split("-")))
    if match["cjk"]:
        *year, month, day = map(int, re.findall(r"\d+", match["cjk"]))
        return _day(year[0], month, day) if year else _next(sent_on, month, day)
    if match["numbers"]:
        return _of_numbers(match["numbers"], sent_on)
    month = _MONTHS[(match["month"] or match["month2"]).lower()]
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
        if address.lower() not in seen and _WRITE_TO.search(near):
            seen.add(address.lower())
            yield address
            if len(seen) - len(own) >= _SUBSTITUTES_LIMIT:
                return
