"""What was found out about a message before it was stored: who sent it, what is in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

# Labels of ours. An agent may take them away like its own.
DMARC_FAIL = "dmarc-fail"
SPAM = "spam"
INFECTED = "infected"
UNSCANNED = "unscanned"


@dataclass(frozen=True, slots=True)
class PassedOn:
    """That somebody took a message in for us, and how much of it we were given to examine."""

    by: str  # a kind of provider
    is_whole: bool  # the octets are as they came to them: what breaks a signature is the sender's
    spf: str = ""  # their own result, as RFC 8601 names it; "" where they tell none


def belongs_in_junk(labels: Collection[str]) -> bool:
    """Tell whether incoming mail with these labels is kept in the Junk folder."""
    return SPAM in labels or INFECTED in labels


@dataclass(frozen=True, slots=True)
class Findings:
    """`authentication`: as `Message.authentication`, empty where nothing was evaluated."""

    authentication: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  # keys of `inboxes.warning_words.WARNINGS`
    scans: Mapping[str, Any] = field(default_factory=dict)  # what scanners told, by label

    @property
    def is_spam(self) -> bool:
        """Tell whether it belongs in the Junk folder."""
        return belongs_in_junk(self.labels)


NO_FINDINGS = Findings()
