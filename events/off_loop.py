"""The database from a coroutine: a few threads of our own, each giving its connection back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

Answer = TypeVar("Answer")
_readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="event-reader")


async def off_loop(deed: Callable[[], Answer]) -> Answer:
    """What `deed` answers, run in a thread that may use the ORM."""
    return await asyncio.get_running_loop().run_in_executor(_readers, _run, deed)


def _run(deed: Callable[[], Answer]) -> Answer:
    try:
        return deed()
    finally:
        connections.close_all()
