"""What waits to be sent over one socket: bounded, so that a slow reader costs no more."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

MOST_FRAMES = 1000
MOST_OCTETS = 1024 * 1024


class Outbox:
    """Frames in order. `send` must wait while the transport is full: that is how a slow reader
    shows. `overflow` is called once when it fell too far behind; what waited is dropped."""

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        overflow: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._send = send
        self._overflow = overflow
        self._frames: deque[tuple[str, int]] = deque()
        self._octets = 0
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._closed = False
        self._writer = asyncio.create_task(self._write())

    def put(self, text: str, octets: int | None = None) -> None:
        """Queue one frame. Never blocks."""
        if self._closed:
            return
        size = len(text.encode()) if octets is None else octets
        # A frame alone is never too much: its reader is not behind.
        behind = len(self._frames) >= MOST_FRAMES or self._octets + size > MOST_OCTETS
        if self._frames and behind:
            self.close()
            self._overflowing = asyncio.create_task(self._overflow())
            return
        self._frames.append((text, size))
        self._octets += size
        self._empty.clear()
        self._filled.set()

    async def offer(self, text: str) -> None:
        """Queue one frame as soon as there is room: at the reader's pace."""
        while self._octets > MOST_OCTETS // 4 or len(self._frames) > MOST_FRAMES // 4:
            await self._empty.wait()
            if self._closed:
                return
        self.put(text)

    def close(self) -> None:
        """Drop what waits, and take nothing more."""
        self._closed = True
        self._frames.clear()
        self._octets = 0
        self._empty.set()
        self._writer.cancel()

    async def _write(self) -> None:
        while True:
            await self._filled.wait()
            while self._frames:
                text, size = self._frames.popleft()
                await self._send(text)
                self._octets -= size
            self._filled.clear()
            self._empty.set()
