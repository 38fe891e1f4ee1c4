"""What a scanner has said about a message, and when to leave it alone."""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

REST = 30.0  # seconds for which a scanner that did not answer in time is not asked


class Unscanned(Exception):
    """The scanner is away, took too long, or did not look at all of it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """`is_bad`: it is spam, or infected. `facts` are kept with the message."""

    is_bad: bool
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Carried:
    """What a scanner is told about a message besides its octets."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    peer: str
    helo: str


class Scanner(Protocol):
    """Rspamd, ClamAV."""

    def scan(self, raw: bytes, carried: Carried, seconds: float) -> Scan:
        """Raises Unscanned, within about `seconds`."""


@dataclass(slots=True)
class Patient:
    """A scanner that is left alone for a while after it has kept a message waiting."""

    scanner: Scanner
    resting_until: float = 0.0

    def scan(self, raw: bytes, carried: Carried, seconds: float) -> Scan:
        """See `Scanner`."""
        began = time.monotonic()
        if began < self.resting_until:
            raise Unscanned("it did not answer a moment ago")
        try:
            return self.scanner.scan(raw, carried, seconds)
        except Unscanned:
            if time.monotonic() - began > seconds / 2:
                self.resting_until = time.monotonic() + REST
            raise
