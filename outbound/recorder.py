"""Several attempts that end at once are put on record in one transaction, and none waits for others
to end: a COMMIT costs the same for one as for ten."""

import logging
import threading
from dataclasses import dataclass

from outbound.recording import Ended, record_many

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Waiting:
    ended: Ended
    is_recorded: bool = False


class Recorder:
    """One transaction at a time; whoever's turn it is records all that wait."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._list = threading.Lock()
        self._waiting: list[_Waiting] = []

    def record(self, ended: Ended) -> None:
        """Record, alone or with others. Errors of the database come out of here."""
        mine = _Waiting(ended)
        with self._list:
            self._waiting.append(mine)
        with self._turn:
            if mine.is_recorded or self._recorded_with_others(mine):
                return
            record_many([ended])

    def _recorded_with_others(self, mine: _Waiting) -> bool:
        with self._list:
            if mine not in self._waiting:
                return False  # It was tried together with others, in vain.
            some, self._waiting = self._waiting, []
        return len(some) > 1 and self._recorded(some)

    @staticmethod
    def _recorded(some: list[_Waiting]) -> bool:
        try:
            record_many([each.ended for each in some])
        except Exception:
            logger.exception("%d attempts cannot be recorded together", len(some))
            return False
        for each in some:
            each.is_recorded = True
        return True


recorder = Recorder()
