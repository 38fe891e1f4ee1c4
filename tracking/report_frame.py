"""What several readings of a message look at, and what they share."""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from inboxes.addresses import parse_addresses
from inboxes.automatic import automatic_reason
from inboxes.encoded_words import decode_header_text
from tracking.report_parts import Taken
from tracking.report_texts import Named, named_recipients
from tracking.reports import RECIPIENTS_LIMIT, WORDS_LIMIT, Kind, Report, Verdict

GRAVEST_FIRST = (Kind.HARD, Kind.SOFT, Kind.DELAYED, Kind.COMPLAINT, Kind.DELIVERED)
_ROBOT = re.compile(
    r"mailer[-_ ]?daemon|post[-_.]?master|mail[-_. ]?deliver(?:y|er)?"
    r"|delivery[-_. ]?(?:sub)?system|mail[-_ ]?system|system administrator"
    r"|mdaemon|mmdf|mail[-_ ]?agent|bounces?[@+-]|(?:^|[^a-z])ndr@|inet\.?gw"
    r"|mail administrator|mail delivery|smtp[-_ ]?gateway|autoresponder-bounce|mailserver"
    r"|mail server",
    re.IGNORECASE,
)


class Frame:
    """What several readings look at."""

    def __init__(self, taken: Taken, mail_from: str | None) -> None:
        self.taken = taken
        self.header = taken.header
        self.subject = decode_header_text(self.header.first("subject"))[:1000]
        self.from_field = decode_header_text(self.header.first("from"))[:1000]
        fields = [(name, decode_header_text(value)) for name, value in self.header.fields[:200]]
        unknown = "someone@somewhere" if mail_from is None else mail_from
        self.automatic = automatic_reason(fields, unknown)
        self.robot = bool(
            _ROBOT.search(self.from_field) or _ROBOT.match(self.header.first("return-path")[1:])
        )

    def report(self, kind: Kind, verdicts: Sequence[Verdict] = (), **more: object) -> Report:
        words = self.taken.notice.strip()[:WORDS_LIMIT]
        given = {"original": self.taken.original, "words": words} | more
        return Report(kind, tuple(verdicts[:RECIPIENTS_LIMIT]), **given)  # type: ignore[arg-type]

    @cached_property
    def named(self) -> dict[str, Named]:
        """The recipients that the notice names, by folded address."""
        found = named_recipients(self.taken.notice, not_these=self.not_recipients())
        return {each.address.lower(): each for each in found}

    def not_recipients(self) -> set[str]:
        """Addresses that a notice names, but that are nobody who failed."""
        original = self.taken.original
        fields = " , ".join(
            self.header.first(name) for name in ("from", "to", "reply-to", "return-path")
        )
        named = {each.addr_spec.lower() for each in parse_addresses(fields, limit=50)}
        return (named | {original.header_from.lower(), original.mail_from.lower()}) - {""}


def gravest(verdicts: Iterable[Verdict]) -> Kind:
    kinds = {verdict.kind for verdict in verdicts}
    return next((kind for kind in GRAVEST_FIRST if kind in kinds), Kind.ORDINARY)


def addresses_of(value: str) -> list[str]:
    text = value.partition(";")[2] if ";" in value else value
    return [each.addr_spec for each in parse_addresses(text, limit=20) if "@" in each.addr_spec]
