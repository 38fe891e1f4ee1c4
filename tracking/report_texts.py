"""Notices in words: which recipients they name, and what they say of each.

The formats of qmail, Exim, sendmail, Exchange, Lotus, GroupWise, Yahoo and many more have in
common that a recipient begins a line, or follows words that introduce it, and that the reason
stands beside or below it. What those rules do not read, `flufl.bounce` is asked about.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tracking.reports import RECIPIENTS_LIMIT

_LINES_LIMIT = 1000
_LINE_LIMIT = 1000

# What stands in no local part: separators, those of Chinese and Japanese too.
_APART = (
    r"\s<>()\[\]{},;:\"'@|\\=\u3001\u3002\u300c\u300d\u3010\u3011\uff08\uff09\uff0c\uff1a\uff1b"
)
_ADDRESS = rf"[^{_APART}]{{1,64}}(?:=[^{_APART}]{{1,64}})?@[^\W_][\w.-]{{0,253}}\w"
ADDRESS = re.compile(_ADDRESS)
# The line begins with an address: alone, in brackets, behind a bullet, a number or a quote.
_BEGINS = re.compile(
    r"[ \t]{0,40}(?:[*•·>#-]{1,4}[ \t]{0,8}|\d{1,3}[.)][ \t]{1,4})?(?:smtp:|\[?smtp:|mailto:"
    r"|rfc822;[ ]?)?"
    rf"[\"'<(\[]{{0,3}}(?:smtp:|mailto:)?(?P<address>{_ADDRESS})[\"'>)\]]{{0,3}}(?P<rest>[^\n]*)",
    re.IGNORECASE,
)
# Words that introduce a recipient that failed.
_INTRODUCED = re.compile(
    r"(?<![^\W_])(?:rcpt to|failed recipients?|recipient(?: address)?"
    r"|undeliverable(?: address)?(?: to)?|intended recipient|error-for|final-recipient"
    r"|original-recipient"
    r"|(?:delivering|deliver|delivery of|send|sending)(?: \w+){0,3} (?:mail|message"
    r"|e-?mail)(?: \w+)? (?:to|for)|could not be delivered to|not delivered to"
    r"|was not delivered to|undelivered to|unable to deliver (?:message |mail "
    r"|your message )?to|addressed to|your (?:message|mail|e-?mail) to|message for|mail to"
    r"|sent to|failed to deliver to"
    r"|unknown (?:user|recipient|address|local user)|(?:invalid|no such) (?:user|recipient"
    r"|address)|user unknown|permanent errors?|mailbox is full|violation for|error for|address"
    r"|addresses|user|account|empfänger|destinataire|destinatario|to|宛先)"
    rf"(?=[ \t:=(<\"'\[])[ \t]{{0,4}}(?:\(s\))?[ \t]{{0,4}}[:=]?[ \t]{{0,20}}[\"'<(\[]{{0,3}}("
    rf"?:smtp:"
    rf"|rfc822;[ ]?|mailto:)?(?P<address>{_ADDRESS})",
    re.IGNORECASE,
)
# sendmail's transcript: "550 5.1.1 <ann@example.com>... User unknown".
_TRANSCRIPT = re.compile(
    rf"[ \t]{{0,20}}(?:<{{3}} )?[45]\d\d[ -](?:[45]\.\d{{1,3}}\.\d{{1,3}} )?<?(?P<address>"
    rf"{_ADDRESS})>?(?:\.\.\."
    rf"|:)",
    re.IGNORECASE,
)
_DDA = re.compile(rf"dda:smtp=(?P<address>{_ADDRESS})", re.IGNORECASE)
_OF_SENDER = re.compile(
    r"(?:from|sender|reply|return[ -]?path|envelope-from|contact|postmaster|mailto|support"
    r"|help|abuse|by|subject|message sent by|a message (?:that )?.{0,20}sent by)[^@\n]{0,40}$",
    re.IGNORECASE,
)
_SYSTEM = re.compile(
    r"(?:mailer-daemon|postmaster|no-?reply|abuse|hostmaster|support)@", re.IGNORECASE
)


@dataclass(slots=True)
class Named:
    """A recipient that a notice names, and what the notice says of it."""

    address: str
    words: str


def named_recipients(notice: str, *, not_these: Iterable[str]) -> list[Named]:
    """The recipients that a notice names as its subject, by the surest rule that finds some.

    `not_these`: folded addresses of the sender, the reporter and the like.
    """
    lines = [line[:_LINE_LIMIT] for line in notice.split("\n")[:_LINES_LIMIT]]
    others = {each.lower() for each in not_these if each}
    for rule in (_beginning, _introduced, _anywhere):
        places = [
            (number, address)
            for number, address in rule(lines)
            if address.lower() not in others and not _SYSTEM.match(address)
        ]
        if places:
            return _with_words(lines, places)
    return []


def _beginning(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        found = _TRANSCRIPT.match(line) or _DDA.search(line)
        if found is None and (begins := _BEGINS.match(line)) and _is_subject(begins["rest"]):
            found = begins
        if found is not None:
            yield number, _clean(found["address"])


def _is_subject(rest: str) -> bool:
    """What follows an address that a line is about: nothing, a mark, or a remark of its own."""
    rest = rest.strip()
    return (
        not rest or rest[0] in ":;.,-=([<\"'" or not rest.startswith(("wrote", "writes", "schrieb"))
    )


def _introduced(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        for found in _INTRODUCED.finditer(line):
            if not _OF_SENDER.search(line[: found.start()]):
                yield number, _clean(found["address"])


def _anywhere(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        for found in ADDRESS.finditer(line):
            if not _OF_SENDER.search(line[: found.start()]):
                yield number, _clean(found[0])


def _clean(address: str) -> str:
    return address.strip(".'\"")


def _with_words(lines: list[str], places: list[tuple[int, str]]) -> list[Named]:
    """To each recipient the lines from its own to the next recipient's."""
    named: dict[str, Named] = {}
    ends = [number for number, _ in places[1:]] + [len(lines)]
    for (number, address), end in zip(places, ends, strict=True):
        words = " ".join(line.strip() for line in lines[number : max(end, number + 1)])[:2000]
        known = named.get(address.lower())
        if known is not None:
            known.words = f"{known.words} {words}"[:4000]
        elif len(named) < RECIPIENTS_LIMIT:
            named[address.lower()] = Named(address, words)
    return list(named.values())
