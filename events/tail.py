"""The end of the log, read once per process and told to every socket in it."""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from django.db import Error, connections

from events import frames, hints, log
from events.frames import Told
from events.log import Cursor

logger = logging.getLogger(__name__)

READ_AT_LEAST_EVERY = 1.0  # seconds: hints may be lost
# What is committed but not yet safe is looked for again after these: an older transaction runs.
FIRST_WAIT, LONGEST_WAIT = 0.003, 0.1
RETRY_AFTER = 1.0
MOST_AT_ONCE = 200
STEP_EVERY = 60.0  # seconds: a silent log's cursor must not grow older than the log is kept


class Listener(Protocol):
    """Who listens to the tail. Called on the loop, and never blocks."""

    wants_details: bool

    def hear(self, told: Sequence[Told]) -> None: ...


class LogTail:
    """One thread reads the log; listeners hear on the loop, in order, without a gap.

    `position`: everything before it has been told to all listeners.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: set[Listener] = set()
        self._begun: asyncio.Future[None] = self._loop.create_future()
        self._wake = threading.Event()
        self._details_wanted = False
        self.position = Cursor(0, 0, 0)
        threading.Thread(target=self._read_for_ever, name="log-tail", daemon=True).start()
        self._hints = self._loop.create_task(hints.follow(self._wake.set))

    async def begun(self) -> None:
        """Wait until `position` is known: at the first start, or while the database is away."""
        await asyncio.shield(self._begun)

    def join(self, listener: Listener) -> None:
        """From now on `listener` hears everything after `position`."""
        self._listeners.add(listener)
        self._details_wanted = any(one.wants_details for one in self._listeners)

    def leave(self, listener: Listener) -> None:
        """`listener` hears nothing more. Leaving twice changes nothing."""
        self._listeners.discard(listener)
        self._details_wanted = any(one.wants_details for one in self._listeners)

    # --- on the loop

    def _begin(self, position: Cursor) -> None:
        self.position = position
        if not self._begun.done():
            self._begun.set_result(None)

    def _hand_out(self, told: Sequence[Told], position: Cursor) -> None:
        self.position = position
        for listener in tuple(self._listeners) if told else ():
            listener.hear(told)

    # --- in the thread

    def _read_for_ever(self) -> None:
        position: Cursor | None = None
        while not self._loop.is_closed():
            try:
                if position is None:
                    position = log.end()
                    self._loop.call_soon_threadsafe(self._begin, position)
                position = self._follow(position)
            except Error as error:  # The database is away: what we miss is read afterwards.
                logger.warning("the log cannot be read: %s", type(error).__name__)
                connections.close_all()
                time.sleep(RETRY_AFTER)
            except RuntimeError:
                if not self._loop.is_closed():
                    raise

    def _follow(self, position: Cursor) -> Cursor:
        """Read and tell until there is nothing new for a while; answer where it stopped."""
        patience = READ_AT_LEAST_EVERY
        until = time.monotonic() + STEP_EVERY
        while time.monotonic() < until:
            if self._wake.wait(patience):
                self._wake.clear()
                patience = READ_AT_LEAST_EVERY
            batch = log.read(position, limit=MOST_AT_ONCE)
            if batch.events:
                tell = frames.tell if self._details_wanted else frames.plainly
                told = tell(batch.events, position.era)
                position = batch.end
                self._loop.call_soon_threadsafe(self._hand_out, told, position)
            patience = self._patience(batch, patience)
        return self._step(position)

    @staticmethod
    def _patience(batch: log.Batch, before: float) -> float:
        if batch.full:
            return 0.0
        if not batch.waiting:
            return READ_AT_LEAST_EVERY
        if before >= READ_AT_LEAST_EVERY or batch.events:
            return FIRST_WAIT
        return min(max(before, FIRST_WAIT) * 2, LONGEST_WAIT)

    def _step(self, position: Cursor) -> Cursor:
        """Move up over a silent stretch. The order matters: a read after `end` that finds nothing
        proves that nothing lies before it."""
        present = log.end()
        if present <= position or log.read(position, limit=1).events:
            return position
        self._loop.call_soon_threadsafe(self._hand_out, (), present)
        return present


_tails: dict[asyncio.AbstractEventLoop, LogTail] = {}


def tail() -> LogTail:
    """The tail of this process (of this loop); started by whoever listens first."""
    loop = asyncio.get_running_loop()
    if loop not in _tails:
        _tails[loop] = LogTail()
    return _tails[loop]
