"""A real listener on a free port, in a loop of its own, for tests that talk to it over a socket."""

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inboxes.examining import Examiner
from servers.limits import Disk, Limits
from servers.listener import InboundListener, listen


class Running:
    """The listener and the thread in which it runs."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        needed_disk: int = 0,
        tls_context: ssl.SSLContext | None = None,
        examiner: Examiner | None = None,
    ) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.listener = InboundListener(
            listen("127.0.0.1", 0),
            hostname="mx.acme.example",
            limits=limits or Limits(),
            disk=Disk(Path("/"), needed_disk),
            tls_context=tls_context,
            examiner=examiner,
        )
        self.port: int = self.listener.listening.getsockname()[1]
        asyncio.run_coroutine_threadsafe(self.listener.start(), self.loop).result(10)

    def client(self) -> smtplib.SMTP:
        smtp = smtplib.SMTP("127.0.0.1", self.port, local_hostname="mx.customer.example")
        smtp.ehlo()
        return smtp

    def stop(self, grace: float = 5.0) -> None:
        if self.loop.is_running():
            asyncio.run_coroutine_threadsafe(self.listener.stop(grace), self.loop).result(30)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)


class Wire:
    """A client that writes what it is told and reads replies."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")

    def reply(self) -> str:
        """The next reply, all its lines; "" when the server has closed."""
        lines = []
        while line := self.file.readline():
            lines.append(line.decode())
            if line[3:4] != b"-":
                break
        return "".join(lines).rstrip("\r\n")

    def say(self, octets: bytes | str) -> str:
        self.write(octets)
        return self.reply()

    def write(self, octets: bytes | str) -> None:
        self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode())

    def begin(self, rcpt_to: str = "support@acme.example") -> None:
        """Up to where DATA may be said."""
        self.reply()
        self.say("EHLO mx.customer.example\r\n")
        self.say("MAIL FROM:<ann@customer.example>\r\n")
        assert self.say(f"RCPT TO:<{rcpt_to}>\r\n").startswith("250")

    def rest(self) -> str:
        """All that the server still says before it closes."""
        return self.file.read().decode()

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@contextmanager
def running(limits: Limits | None = None, **options: object) -> Iterator[Running]:
    server = Running(limits, **options)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.stop()
