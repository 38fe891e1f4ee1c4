"""Hints: "look at the log". They carry nothing and may be lost: readers also look every second."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

GROUP = "events"
HINT = {"type": "events.hint"}
SEND_TIMEOUT = 2.0  # seconds
RETRY_AFTER = 1.0


class _Sender:
    """One background thread per process, with its own loop. Many nudges become one hint."""

    def __init__(self) -> None:
        self._start = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted = False
        self._broker_away = False

    def nudge(self) -> None:
        if self._wanted:
            return
        self._wanted = True
        with self._start:
            if self._loop is None:
                loop = self._loop = asyncio.new_event_loop()
                self._wake = asyncio.Event()
                run = loop.run_until_complete
                threading.Thread(
                    target=lambda: run(self._send_for_ever()), name="hints", daemon=True
                ).start()
        self._loop.call_soon_threadsafe(self._wake.set)

    async def _send_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._wanted = False  # Before sending: whoever commits from here on sends anew.
            await self._send()

    async def _send(self) -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        try:
            await asyncio.wait_for(layer.group_send(GROUP, HINT), SEND_TIMEOUT)
        except (RedisError, OSError, TimeoutError) as error:
            if not self._broker_away:
                logger.warning("hints are dropped until the broker is back: %s", error)
            self._broker_away = True
        else:
            self._broker_away = False


_sender = _Sender()


def _start_over() -> None:
    """After a fork the thread is not there any more."""
    global _sender
    _sender = _Sender()


os.register_at_fork(after_in_child=_start_over)


def nudge() -> None:
    """Tell readers in every process to look at the log. Costs microseconds; never raises."""
    _sender.nudge()


async def follow(hear: Callable[[], object]) -> None:
    """Call `hear` at each hint, for ever, in spite of a broker that comes and goes."""
    while True:
        try:
            layer = get_channel_layer()
            channel = await layer.new_channel()
            await layer.group_add(GROUP, channel)
            while True:
                await layer.receive(channel)
                hear()
        except (RedisError, OSError) as error:
            logger.warning("no hints until the broker is back: %s", type(error).__name__)
            await asyncio.sleep(RETRY_AFTER)
