"""An HTTP(S) server on a real socket that keeps what it is sent."""

import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Taken:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    content: bytes
    at: float

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.content))


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    hang: float = 0.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 200


class Receiver:
    """Answers each request with what `answer` says of it."""

    def __init__(
        self,
        answer: Callable[[Taken], Reply] = lambda taken: Reply(),
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answer = answer
        self.taken: list[Taken] = []
        self.most_at_once = self._at_once = 0
        self._counting = threading.Lock()
        self._ended = threading.Event()
        self._server = _Server(("127.0.0.1", port), self._handler())
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/hook"
        threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.05), daemon=True
        ).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            do_GET = do_POST  # noqa: N815 - the name the library calls

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        return Handler

    def take(self, request: BaseHTTPRequestHandler) -> None:
        content = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in request.headers.items()}
        taken = Taken(request.path, headers, content, time.time())
        with self._counting:
            self.taken.append(taken)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            reply = self.answer(taken)
            self._ended.wait(reply.hang)
            request.send_response(reply.status)
            for name, value in reply.headers.items():
                request.send_header(name, value)
            request.send_header("Content-Length", str(len(reply.body)))
            request.end_headers()
            request.wfile.write(reply.body)
        except OSError:
            pass  # Who asked has hung up.
        finally:
            with self._counting:
                self._at_once -= 1

    @property
    def subjects(self) -> list[str]:
        return [one.body["subject"] for one in self.taken]

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
