"""What several threads ask the database for at the same moment is done for all of them in one
transaction: a COMMIT costs the same for one as for ten. None waits for others to ask."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Asked, Answer]):
    asked: Asked
    answers: Sequence[Answer] = ()  # one, as soon as it is done


class Together(Generic[Asked, Answer]):
    """One transaction at a time; whoever's turn it is does what all that wait have asked for.

    `deed` answers each that it is given, in their order, or raises and has done nothing.
    """

    def __init__(self, deed: Callable[[Sequence[Asked]], Sequence[Answer]]) -> None:
        self._deed = deed
        self._turn = threading.Lock()
        self._list = threading.Lock()
        self._waiting: list[_Waiting[Asked, Answer]] = []

    def ask(self, asked: Asked) -> Answer:
        """Have it done, alone or with others. Errors of the database come out of here."""
        mine = _Waiting[Asked, Answer](asked)
        with self._list:
            self._waiting.append(mine)
        with self._turn:
            if not mine.answers:
                self._do_for_all(mine)
            if not mine.answers:
                mine.answers = self._deed([asked])
            return mine.answers[0]

    def _do_for_all(self, mine: _Waiting[Asked, Answer]) -> None:
        """Leaves all without an answer where it fails: each is then done alone."""
        with self._list:
            if mine not in self._waiting:
                return  # It was tried together with others, in vain.
            some, self._waiting = self._waiting, []
        if len(some) == 1:
            return
        try:
            answers = self._deed([each.asked for each in some])
        except Exception:
            logger.exception("%d cannot be done together", len(some))
            return
        for each, answer in zip(some, answers, strict=True):
            each.answers = (answer,)
