"""What every transport promises to the queue."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

Phase = Literal["connecting", "data", "committing"]
Outcome = Literal["sent", "deferred", "failed", "uncertain"]
OnPhase = Callable[[Phase], None]


class NotNow(Exception):
    """Nothing was begun, for a reason of our own: to be asked again, without an attempt counted."""

    def __init__(self, sentence: str, *, seconds: float) -> None:
        super().__init__(sentence)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Job:
    """One transaction: one message for some recipients of one domain.

    `reference` names it, the same at each attempt: what servers know repetitions by.
    """

    mail_from: str  # "" is the null reverse-path.
    rcpt_tos: tuple[str, ...]
    raw: bytes = field(repr=False)  # CRLF octets, signed; sent as they are.
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one recipient, in the server's own words where it spoke.

    `reply_code` is 0 when nobody answered; `host` is "" when no server was reached.
    """

    rcpt_to: str
    outcome: Outcome
    reply_code: int
    reply_text: str
    host: str


class Transport(Protocol):
    """A way out. Safe to use from several threads."""

    def send(self, job: Job, *, on_phase: OnPhase) -> list[Result]:
        """Make one attempt: a result for each recipient, in their order.

        `on_phase` is called before the act it names: "connecting" before anything else, "data"
        before DATA, "committing" before the dot that hands the message over. What it raises
        ends the attempt at once with nothing delivered, and comes out of here. A later phase
        never comes before an earlier one, and none comes twice.

        Lost before "committing": "deferred". After it, without an answer: "uncertain".
        Raises NotNow after "connecting" at the latest.
        """
        ...


def same_for_all(
    job: Job, outcome: Outcome, reply_code: int, reply_text: str, host: str = ""
) -> list[Result]:
    """The same result for every recipient of `job`."""
    return [Result(each, outcome, reply_code, reply_text, host) for each in job.rcpt_tos]
