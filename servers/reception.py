"""DATA: a message off the wire. RFC 5321 §4.1.1.4 and §4.5.2; no smuggling."""

import asyncio
import time
from collections.abc import Callable

from servers.limits import Doorkeeper, Limits
from servers.replies import NO_ROOM, TOO_LARGE, Hangup

_END = b"\r\n.\r\n"
_CHUNK = 256 * 1024


class Reception:
    """Reads one message off the wire, up to CRLF.CRLF, within the limits."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        limits: Limits,
        doorkeeper: Doorkeeper,
        on_progress: Callable[[], None],
    ) -> None:
        self.reader = reader
        self.limits = limits
        self.doorkeeper = doorkeeper
        self.on_progress = on_progress
        self.began = time.monotonic()
        self.octets = 0
        self.held = 0
        self.refusal = ""

    async def read(self) -> tuple[bytes, str]:
        """The octets of the message with dots unstuffed, or b"" and why it is refused."""
        # The CRLF of the DATA line counts as the one before the first line.
        buffer = bytearray(b"\r\n")
        try:
            end = -1
            while end < 0:
                chunk = await self._read_some()
                if self.refusal:  # read on to the end, keeping only what the end may begin in
                    del buffer[: -len(_END)]
                searched = max(0, len(buffer) - len(_END))
                buffer += chunk
                end = buffer.find(_END, searched)
        finally:
            self.doorkeeper.release(self.held)
        # What follows is the next command: RFC 2920 lets a client send it right away.
        unread: bytearray = self.reader._buffer  # type: ignore[attr-defined]
        unread[:0] = buffer[end + len(_END) :]
        del buffer[end + 2 :]
        if not self.refusal and _has_bare_ends(buffer):
            self.refusal = "550 5.6.11 The message holds a bare CR or LF"
        if self.refusal:
            return b"", self.refusal
        return bytes(buffer.replace(b"\r\n.", b"\r\n")[2:]), ""

    async def _read_some(self) -> bytes:
        chunk: bytes = await self.reader.read(_CHUNK)
        if not chunk:
            raise asyncio.IncompleteReadError(b"", None)
        self.on_progress()
        self.octets += len(chunk)
        self._watch_time()
        if self.refusal:
            if self.octets > 4 * self.limits.message_size:
                raise Hangup(self.refusal)
            return chunk
        self.held += len(chunk)
        if not self.doorkeeper.hold(len(chunk)):
            self.refusal = NO_ROOM
        elif self.octets > self.limits.message_size + len(_END):
            self.refusal = TOO_LARGE
        return chunk

    def _watch_time(self) -> None:
        spent = time.monotonic() - self.began
        slow = spent > self.limits.slow_start and self.octets < spent * self.limits.slowest
        if spent > self.limits.message or slow:
            raise Hangup("421 4.4.2 This takes too long; goodbye")


def _has_bare_ends(octets: bytes | bytearray) -> bool:
    pairs = octets.count(b"\r\n")
    return octets.count(b"\r") != pairs or octets.count(b"\n") != pairs
