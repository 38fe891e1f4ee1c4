"""Where clicks lead: asked of the database for many at once, and remembered for a moment.

A link that is erased leads on for `FRESH` seconds at most, in a process that had just followed it.
What is remembered longer, up to `KEPT`, is used only while the database is away.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.db import Error, connections

logger = logging.getLogger(__name__)

FRESH = 5.0  # seconds
KEPT = 600.0
MOST_KEPT = 10_000  # links, of
MOST_LETTERS = 1_000  # each: 10 MB; longer targets are asked for every time
MOST_ASKED = 10_000  # that wait for the database at once
AWAY = 5.0  # seconds for which a failed look-up keeps us from waiting for another
APART = 0.002  # seconds from query to query: more links are in each then

Waiting = dict[UUID, asyncio.Future[str | None]]
LookUp = Callable[[list[UUID]], dict[UUID, str]]


class TooManyAsked(Exception):
    """More look-ups wait than are let in."""


class Targets:
    """The targets of one process, on its loop. `look_up` runs in a thread of ours, which keeps
    its connection."""

    def __init__(self, look_up: LookUp, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._look_up = look_up
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="targets")
        self._clock = clock
        self._kept: OrderedDict[UUID, tuple[float, str]] = OrderedDict()  # longest ago first
        self._away_until = 0.0
        self._asked: Waiting = {}
        self._round: asyncio.Task[None] | None = None

    def known(self, link_id: UUID) -> str | None:
        """The target, where it was looked up a moment ago."""
        return self._remembered(link_id, KEPT if self._clock() < self._away_until else FRESH)

    def ask(self, link_id: UUID) -> asyncio.Future[str | None]:
        """The target to come, None where there is none, or what the database raises.

        All that are asked for while one query runs are in the next.
        """
        future = self._asked.get(link_id)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            if len(self._asked) >= MOST_ASKED:
                future.set_exception(TooManyAsked())
                return future
            self._asked[link_id] = future
        if self._round is None:
            self._round = asyncio.create_task(self._ask())
        return future

    async def _ask(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                apart = asyncio.create_task(asyncio.sleep(APART))
                await self._settle(asked)
                await apart
        finally:
            self._round = None

    async def _settle(self, asked: Waiting) -> None:
        """Give every one of `asked` its target, or what kept it from us."""
        found = await self._found(asked)
        if isinstance(found, Exception):
            self._make_do(asked)
            # The database may only have been restarted.
            found = await self._found(asked) if asked else {}
        for link_id, future in asked.items():
            if isinstance(found, Exception):
                future.set_exception(found)
            else:
                self._away_until = 0.0
                self._keep(link_id, found.get(link_id))
                future.set_result(found.get(link_id))

    async def _found(self, asked: Waiting) -> dict[UUID, str] | Exception:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._reader, self._read, list(asked))
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody stays unanswered
            logger.warning("%d links cannot be looked up: %s", len(asked), type(error).__name__)
            return error

    def _read(self, link_ids: list[UUID]) -> dict[UUID, str]:
        try:
            return self._look_up(link_ids)
        except Error:
            connections.close_all()  # of this thread
            raise

    def _make_do(self, asked: Waiting) -> None:
        """Answer what is remembered, and leave the others in `asked`."""
        self._away_until = self._clock() + AWAY
        for link_id in list(asked):
            if target := self._remembered(link_id, KEPT):
                asked.pop(link_id).set_result(target)

    def _remembered(self, link_id: UUID, seconds: float) -> str | None:
        at, target = self._kept.get(link_id, (0.0, ""))
        return target if target and self._clock() - at < seconds else None

    def _keep(self, link_id: UUID, target: str | None) -> None:
        self._kept.pop(link_id, None)
        if target and len(target) <= MOST_LETTERS:
            self._kept[link_id] = (self._clock(), target)
        while self._kept and (len(self._kept) > MOST_KEPT or self._is_oldest_over()):
            self._kept.popitem(last=False)

    def _is_oldest_over(self) -> bool:
        at, _ = next(iter(self._kept.values()))
        return self._clock() - at >= KEPT
