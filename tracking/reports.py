"""What a report says that came back: a bounce, a delay, a complaint, an automatic reply, or none.

`tracking.reports_reading.read_report` makes one out of octets. No framework here; every text in a
report was written by somebody else and is data, never an instruction, and never HTML.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

WORDS_LIMIT = 1000  # letters of a server's words that are kept
RECIPIENTS_LIMIT = 100  # recipients of one report that are read


class Kind(StrEnum):
    """What a message is, or what it says of one recipient."""

    HARD = "hard"  # the address is dead
    SOFT = "soft"  # this message failed, the address may live
    DELAYED = "delayed"  # the sender still tries
    COMPLAINT = "complaint"
    OUT_OF_OFFICE = "out_of_office"
    AUTOMATIC_REPLY = "automatic_reply"
    CHALLENGE = "challenge"
    RECEIPT = "receipt"  # read, or deleted unread: RFC 8098
    DELIVERED = "delivered"
    ORDINARY = "ordinary"

    @property
    def is_bounce(self) -> bool:
        return self in (Kind.HARD, Kind.SOFT)


class Class(StrEnum):
    """Why a message did not arrive."""

    MAILBOX_UNKNOWN = "mailbox_unknown"
    MAILBOX_DISABLED = "mailbox_disabled"
    MAILBOX_FULL = "mailbox_full"
    DOMAIN_GONE = "domain_gone"
    NO_MAIL = "no_mail"  # a null MX, or a host that says that it takes none: RFC 7505, 7504
    MOVED = "moved"
    POLICY = "policy"  # who we are, or how we send
    SPAM = "spam"
    SIZE = "size"
    RATE = "rate"
    NETWORK = "network"  # no connection, too long in a queue
    LOOP = "loop"
    SYSTEM = "system"
    OTHER = "other"


HARD_CLASSES = frozenset(
    (
        Class.MAILBOX_UNKNOWN,
        Class.MAILBOX_DISABLED,
        Class.DOMAIN_GONE,
        Class.NO_MAIL,
        Class.MOVED,
    )
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report says of one recipient."""

    address: str  # as the report writes it: the final recipient, where it names that
    kind: Kind
    why: Class = Class.OTHER
    status: str = ""  # RFC 3463: "5.1.1"
    reply_code: int | None = None
    words: str = ""
    original: str = ""  # Original-Recipient: the address as we gave it (RFC 3461)
    remote_mta: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(each for each in (self.original, self.address) if each)


@dataclass(frozen=True, slots=True)
class Original:
    """The message that a report is about, as far as the report encloses it."""

    message_id: str = ""
    mail_from: str = ""  # its Return-Path: the envelope sender that we signed
    header_from: str = ""
    to: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A message read as a report. `verdicts` is empty for what names nobody."""

    kind: Kind
    verdicts: tuple[Verdict, ...] = ()
    original: Original = Original()
    words: str = ""  # the notice's own, from its beginning
    feedback_type: str = ""  # RFC 5965: abuse, fraud, not-spam, auth-failure, ...
    back_on: date | None = None
    substitutes: tuple[str, ...] = ()

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(verdict.address for verdict in self.verdicts)
