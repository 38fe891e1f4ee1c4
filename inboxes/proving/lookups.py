"""What SPF, DKIM, ARC and DMARC may ask of the DNS for one message, and no more of it."""

import time
from dataclasses import dataclass, field
from typing import Protocol

MOST_QUESTIONS = 80  # for one message, over all that is evaluated
_LONGEST_NAME = 253

Value = bytes | str | tuple[int, str]


class Unanswered(Exception):
    """The DNS did not say: SERVFAIL, silence, no time left. Another time it may."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What stands at a name: TXT as octets (strings joined), A, AAAA and PTR as text, MX as
    (preference, host). `exists`: False where there is no such name at all (NXDOMAIN)."""

    values: tuple[Value, ...] = ()
    exists: bool = True


class Dns(Protocol):
    """Somebody who asks the DNS. Aliases (CNAME) are followed."""

    def ask(self, name: str, record_type: str, seconds: float) -> Answer:
        """The answer for `name`, within `seconds`. Raises Unanswered."""


@dataclass(slots=True)
class Lookups:
    """The questions of one message: counted, timed, and asked once only."""

    dns: Dns
    deadline: float  # time.monotonic()
    most: int = MOST_QUESTIONS
    known: dict[tuple[str, str], Answer | None] = field(default_factory=dict)
    failed: bool = False  # something was left unanswered: it may turn out otherwise later

    def left(self) -> float:
        """Seconds until the deadline; 0 when it has passed."""
        return max(0.0, self.deadline - time.monotonic())

    def ask(self, name: str, record_type: str) -> Answer:
        """What stands there; nothing where `name` is no name. Raises Unanswered."""
        name = name.rstrip(".").lower()
        if not is_name(name):
            return Answer(exists=False)
        question = name, record_type
        if question not in self.known:
            self.known[question] = self._answer(name, record_type)
        answer = self.known[question]
        if answer is None:
            self.failed = True
            raise Unanswered(name)
        return answer

    def _answer(self, name: str, record_type: str) -> Answer | None:
        left = self.left()
        if left <= 0 or len(self.known) >= self.most:
            return None
        try:
            return self.dns.ask(name, record_type, left)
        except Unanswered:
            return None

    def texts(self, name: str) -> list[bytes]:
        """The TXT records of `name`. Raises Unanswered."""
        return [value for value in self.ask(name, "TXT").values if isinstance(value, bytes)]


def is_name(name: str) -> bool:
    """Tell whether the DNS can be asked for `name` (ASCII, lengths as RFC 1035 §2.3.4 has them)."""
    if not name.isascii() or not 0 < len(name) <= _LONGEST_NAME:
        return False
    return all(0 < len(label) < 64 for label in name.split("."))
