"""What the queue tells the parts above it, inside its own transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Kind = Literal["sending", "sent", "partly_sent", "failed", "uncertain"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of ours has come this far."""

    message_id: UUID
    kind: Kind


Listener = Callable[[Sequence[Notice]], None]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Have `listener` called with the notices of each step. What it raises undoes the step."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(notices: Sequence[Notice]) -> None:
    for listener in _listeners:
        listener(notices)
