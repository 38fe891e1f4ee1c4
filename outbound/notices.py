"""What the queue tells the parts above it, inside its own transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Kind = Literal["sending", "sent", "partly_sent", "failed", "uncertain"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of ours has come this far."""

    message_id: UUID
    kind: Kind


Listener = Callable[[Notice], None]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Have `listener` called for every notice. What it raises undoes the queue's step."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(message_id: UUID, kind: Kind) -> None:
    for listener in _listeners:
        listener(Notice(message_id, kind))
