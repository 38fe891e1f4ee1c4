"""Hits that were answered, on their way into the database: a thread stores them by the batch.

Answering never waits for the database. While that is away up to `MOST_WAITING` hits wait here, and
further ones are lost and counted; a process that is killed loses those of the last tenth of a
second. A process that is stopped stores what it holds first.
"""

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from django.db import Error, connections

from tracking.hits import Seen, store

logger = logging.getLogger(__name__)

EVERY = 0.1  # seconds
AGAIN_AFTER = 1.0
MOST_WAITING = 100_000  # about 60 MB
AT_ONCE = 2_000
LAST_WORDS = 5.0  # seconds for storing at the end


class Recorder:
    """The hits of one process. `store` is called from one thread at a time."""

    def __init__(
        self, store: Callable[[Sequence[Seen]], int], *, most_waiting: int = MOST_WAITING
    ) -> None:
        self._store = store
        self._most_waiting = most_waiting
        self._waiting: deque[Seen] = deque()
        self._storing = threading.Lock()
        self._begin = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = 0

    def note(self, seen: Seen) -> None:
        """Take a hit. Returns at once, also while the database is away."""
        if len(self._waiting) >= self._most_waiting:
            self.lost += 1
            return
        self._waiting.append(seen)
        if self._thread is None:
            self._start()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def flush(self) -> bool:
        """Store what waits. False: the database is away, and what is left waits on."""
        with self._storing:
            while batch := [self._waiting[n] for n in range(min(AT_ONCE, len(self._waiting)))]:
                try:
                    self._store(batch)
                except Error as error:
                    connections.close_all()  # of this thread
                    logger.warning("%d hits wait: %s", len(self._waiting), type(error).__name__)
                    return False
                for _ in batch:
                    self._waiting.popleft()
        return True

    def end(self) -> None:
        """Store what waits, for a few seconds at most."""
        self._ended.set()
        until = time.monotonic() + LAST_WORDS
        while not self.flush() and time.monotonic() < until:
            time.sleep(AGAIN_AFTER)
        connections.close_all()
        if self._waiting:
            logger.error("%d hits are lost: the database is away", len(self._waiting))

    def _start(self) -> None:
        with self._begin:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hits", daemon=True)
                self._thread.start()
                atexit.register(self.end)

    def _run(self) -> None:
        told = 0
        while not self._ended.wait(EVERY):
            if self._waiting and not self.flush():
                self._ended.wait(AGAIN_AFTER)
            if self.lost > told:
                told = self.lost
                logger.error("%d hits are lost since the start: too many wait", told)
        connections.close_all()


recorder = Recorder(store)
