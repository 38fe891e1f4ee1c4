"""What a check found, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "fault"]
Check = Callable[[], Iterator["Finding"]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: about what, how it is, and one sentence on what to do unless it is ok."""

    about: str
    level: Level
    says: str
    do: str = ""


def ok(about: str, says: str) -> Finding:
    return Finding(about, "ok", says)


def warning(about: str, says: str, do: str) -> Finding:
    return Finding(about, "warning", says, do)


def fault(about: str, says: str, do: str) -> Finding:
    return Finding(about, "fault", says, do)
