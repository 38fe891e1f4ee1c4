"""Looks after every open socket of a process: pings it, and closes it when its key is revoked."""

import asyncio
import logging
import time
from collections import defaultdict
from functools import partial
from typing import Protocol

from django.db import Error

from events.off_loop import off_loop
from events.reach import Fresh, Reach

logger = logging.getLogger(__name__)

LOOK_EVERY = 2.0  # seconds from a revocation to the close, at most
PING_EVERY = 27.0


class Kept(Protocol):
    """An open socket."""

    reach: Reach
    fresh: Fresh
    known_as: str

    def ping(self) -> None: ...

    async def turn_away(self) -> None: ...


class Keeper:
    """One round for all sockets every two seconds: one query for each kind of caller."""

    def __init__(self) -> None:
        self._sockets: dict[Kept, float] = {}  # when each was last pinged
        self._rounds = asyncio.get_running_loop().create_task(self._make_rounds())
        self._goodbyes: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._sockets)

    def watch(self, socket: Kept) -> None:
        self._sockets[socket] = time.monotonic()

    def forget(self, socket: Kept) -> None:
        self._sockets.pop(socket, None)

    async def _make_rounds(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self._ping()
            try:
                await self._look_at_reach()
            except Error as error:  # The database is away: nothing can be read either.
                logger.warning("sockets cannot be looked after: %s", type(error).__name__)

    def _ping(self) -> None:
        now = time.monotonic()
        for socket, pinged in tuple(self._sockets.items()):
            if now - pinged >= PING_EVERY:
                self._sockets[socket] = now
                socket.ping()

    async def _look_at_reach(self) -> None:
        names: dict[Fresh, set[str]] = defaultdict(set)
        for socket in self._sockets:
            names[socket.fresh].add(socket.known_as)
        for fresh, known_as in names.items():
            welcome = await off_loop(partial(fresh, known_as))
            for socket in tuple(self._sockets):
                if socket.fresh is not fresh or socket.known_as not in known_as:
                    continue
                if (reach := welcome.get(socket.known_as)) is not None:
                    socket.reach = reach
                else:
                    self.forget(socket)
                    goodbye = asyncio.create_task(socket.turn_away())
                    self._goodbyes.add(goodbye)
                    goodbye.add_done_callback(self._goodbyes.discard)


_keepers: dict[asyncio.AbstractEventLoop, Keeper] = {}


def open_sockets() -> int:
    """How many sockets are open in this process."""
    return sum(len(each) for each in tuple(_keepers.values()))


def keeper() -> Keeper:
    """The keeper of this process (of this loop); started with the first socket."""
    loop = asyncio.get_running_loop()
    if loop not in _keepers:
        _keepers[loop] = Keeper()
    return _keepers[loop]
