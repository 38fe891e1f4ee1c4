"""The web process: Daphne, with six things that it leaves out.

`python -m mailagent.web` takes the arguments of `daphne`. A WebSocket can be refused with a
status of our choice before the upgrade; sending over one waits while its reader is slow; a
graceful stop says goodbye to open sockets; what HTTP itself refuses is told as JSON; opens and
clicks are answered before the application is asked; and garbage collection makes no long pauses.
"""

import asyncio
import gc
import json
import sys
import uuid
from http import HTTPStatus
from importlib import import_module
from typing import Any

from daphne import http_protocol
from daphne.cli import CommandLineInterface
from daphne.server import Server
from daphne.ws_protocol import ConnectionDeny, WebSocketProtocol
from django.conf import settings

from mailagent.web_requests import Request

GOING_AWAY = 1001  # RFC 6455 §7.4.1
# How long one who was closed for falling behind has to read up to the close frame.
CLOSE_TIMEOUT = 10

http_protocol.WebRequest = Request  # where Daphne's factory takes it from


class PacedProtocol(WebSocketProtocol):  # type: ignore[misc]
    """A push producer to its own transport, which says when its buffer is full and when empty."""

    def __init__(self) -> None:
        super().__init__()
        self._writable: asyncio.Event | None = None  # unset until there was something to wait for
        self._denial: dict[str, Any] = {}

    def onOpen(self) -> None:  # noqa: N802
        self.transport.unregisterProducer()  # the HTTP channel's, which handed over to us
        self.transport.registerProducer(self, True)
        super().onOpen()

    def pauseProducing(self) -> None:  # noqa: N802
        self._writable = asyncio.Event()

    def resumeProducing(self) -> None:  # noqa: N802
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    def stopProducing(self) -> None:  # noqa: N802
        self.resumeProducing()

    async def writable(self) -> None:
        """Wait while the transport holds more than its buffer size (64 KiB) for a slow reader."""
        if self._writable is not None:
            await self._writable.wait()

    def handle_reply(self, message: dict[str, Any]) -> None:
        """As in Daphne, and the ASGI extension `websocket.http.response`."""
        match message["type"]:
            case "websocket.http.response.start":
                self._denial = {**message, "body": b""}
            case "websocket.http.response.body":
                self._denial["body"] += message.get("body", b"")
                if not message.get("more_body"):
                    self._deny(HTTPStatus(self._denial["status"]))
            case _:
                super().handle_reply(message)

    def _deny(self, status: HTTPStatus) -> None:
        self.handshake_deferred.errback(ConnectionDeny(code=status.value, reason=status.phrase))
        del self.handshake_deferred
        self.server.protocol_disconnected(self)

    def sendHttpErrorResponse(  # noqa: N802
        self,
        code: int,
        reason: str,
        responseHeaders: Any = None,  # noqa: N803
    ) -> None:
        """The answer to a handshake that failed: ours, or one of the protocol's own."""
        error = {"error": str(reason), "code": "WEBSOCKET_REFUSED", "details": {}}
        body = self._denial.get("body") or json.dumps(error).encode()
        fields = [
            (name.decode(), value.decode()) for name, value in self._denial.get("headers", [])
        ]
        fields = fields or [("content-type", "application/json")]
        fields += [
            ("x-request-id", uuid.uuid4().hex),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        lines = "".join(
            f"{name}: {value}\r\n" for name, value in [*fields, *(responseHeaders or [])]
        )
        phrase = HTTPStatus(code).phrase
        self.sendData(f"HTTP/1.1 {int(code)} {phrase}\r\n{lines}\r\n".encode("latin-1") + body)


class WebServer(Server):  # type: ignore[misc]
    """Daphne's server with our protocol."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, ready_callable=self._use_our_protocol, **options)
        pass_by_what_is_loaded()  # before the door opens: nobody waits for it

    def _use_our_protocol(self) -> None:
        self.ws_factory.protocol = PacedProtocol
        self.ws_factory.setProtocolOptions(closeHandshakeTimeout=CLOSE_TIMEOUT)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "websocket":
            scope["extensions"] = {"websocket.http.response": {}}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        await super().handle_reply(protocol, message)
        if isinstance(protocol, PacedProtocol):
            await protocol.writable()

    def kill_all_applications(self) -> Any:
        for protocol, details in self.connections.items():
            if isinstance(protocol, PacedProtocol) and protocol.state == protocol.STATE_OPEN:
                protocol.sendClose(code=GOING_AWAY)
            # Daphne asks each for its application, also where that has ended.
            details.setdefault("application_instance", _ended())
        return super().kill_all_applications()


def pass_by_what_is_loaded() -> None:
    """Keep what stays loaded out of garbage collection: going through all of it takes a tenth of
    a second and more, in which nobody is answered."""
    import_module(settings.ROOT_URLCONF)  # else the first request would load most of it
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # A thread at work yields to the loop, and the loop to a thread, sooner than after 5 ms.
    sys.setswitchinterval(0.0005)


def _ended() -> asyncio.Future[None]:
    ended: asyncio.Future[None] = asyncio.get_event_loop().create_future()
    ended.set_result(None)
    return ended


class CommandLine(CommandLineInterface):  # type: ignore[misc]
    server_class = WebServer


if __name__ == "__main__":
    CommandLine().run(sys.argv[1:])
