"""A real SMTP server that takes everything, as slowly as it is told, and notes when."""

import asyncio
import hashlib
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was answered with 250."""

    rcpt_tos: tuple[str, ...]
    header_message_id: str
    connected_at: float  # time.time()
    taken_at: float
    octets: int
    digest: str  # of the octets


class Sink:
    """Listens on 127.0.0.1. `pause`: seconds between the dot and 250; `port` 0: any."""

    def __init__(self, *, pause: float = 0.0, port: int = 0) -> None:
        self._wanted_port = port
        self.pause = pause
        self.taken: list[Taken] = []
        self.accepted: list[float] = []  # when clients connected
        self._loop = asyncio.new_event_loop()
        self._clients: set[asyncio.Task[None]] = set()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sink", daemon=True)
        self._thread.start()
        self._listening.wait(30)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(
                self._serve, "127.0.0.1", self._wanted_port, limit=1 << 26, backlog=512
            )
        )
        self.port: int = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        for task in self._clients:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._clients, return_exceptions=True))
        self._loop.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._clients.add(task)
        self.accepted.append(time.time())
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # A client that is killed is what some tests are about.
        finally:
            self._clients.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began = time.time()
        rcpt_tos: list[str] = []
        writer.write(b"220 sink.example ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"MAIL":
                began, rcpt_tos = time.time(), []
            if verb == b"RCPT":
                rcpt_tos.append(line.decode().partition("<")[2].partition(">")[0])
            if verb == b"EHLO":
                writer.write(b"250-sink.example\r\n250-8BITMIME\r\n250 SIZE 100000000\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go ahead\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self.pause)
                self.taken.append(
                    Taken(
                        tuple(rcpt_tos),
                        _message_id(raw),
                        began,
                        time.time(),
                        len(raw),
                        hashlib.sha256(raw).hexdigest(),
                    )
                )
                writer.write(b"250 2.0.0 taken\r\n")
            else:
                writer.write(b"250 2.0.0 ok\r\n")
            await writer.drain()
            if verb == b"QUIT":
                return


def _message_id(raw: bytes) -> str:
    head = raw.partition(b"\r\n\r\n")[0].lower()
    return head.partition(b"\r\nmessage-id: <")[2].partition(b">")[0].decode()
