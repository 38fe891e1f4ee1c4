"""Those above us who must know, in the same transaction, what happened to a message or a thread."""

from collections.abc import Callable, Sequence
from uuid import UUID

from inboxes.models import Message, Thread

MessageListener = Callable[[Message], None]
ArrivalListener = Callable[[Sequence[Message]], None]
MergeListener = Callable[[Thread, list[Thread]], None]
PartingListener = Callable[[Thread, Thread, list[UUID]], None]

_message_listeners: list[MessageListener] = []
_arrival_listeners: list[ArrivalListener] = []
_merge_listeners: list[MergeListener] = []
_parting_listeners: list[PartingListener] = []


def register(listener: MessageListener) -> None:
    """Call `listener` with each message stored, in or out, inside the transaction that stored it.
    What went to Junk is not told.

    What it raises undoes that transaction. Its thread (`message.thread`) is up to date and locked.
    """
    _message_listeners.append(listener)


def register_arrivals(listener: ArrivalListener) -> None:
    """Call `listener` once with all messages that came in together, junk left out, inside the
    transaction that stored them: for what can be asked of many in one query."""
    _arrival_listeners.append(listener)


def register_merge(listener: MergeListener) -> None:
    """Call `listener(thread, merged)` when threads were merged into one, in that transaction."""
    _merge_listeners.append(listener)


def register_parting(listener: PartingListener) -> None:
    """Call `listener(thread, apart, message_ids)` when messages of a thread went to another, in
    that transaction. Both are up to date and locked."""
    _parting_listeners.append(listener)


def tell(message: Message) -> None:
    for listener in _message_listeners:
        listener(message)


def tell_arrivals(messages: Sequence[Message]) -> None:
    for listener in _arrival_listeners:
        listener(messages)


def tell_merged(thread: Thread, merged: list[Thread]) -> None:
    for listener in _merge_listeners:
        listener(thread, merged)


def tell_parted(thread: Thread, apart: Thread, message_ids: list[UUID]) -> None:
    for listener in _parting_listeners:
        listener(thread, apart, message_ids)
