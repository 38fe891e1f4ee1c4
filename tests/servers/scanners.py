"""clamd and Rspamd as far as they talk with us, on real sockets, saying what a test wants."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


class Clamd:
    """Speaks INSTREAM. `most`: octets of a stream; `silent`: it never answers."""

    def __init__(self, *, path: Path | None = None, most: int = 1_000_000) -> None:
        if path is None:
            self.listening = socket.create_server(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{self.listening.getsockname()[1]}"
        else:
            self.listening = socket.socket(socket.AF_UNIX)
            self.listening.bind(str(path))
            self.listening.listen()
            self.address = str(path)
        self.most = most
        self.silent = False
        self.says = ""
        self.scanned: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            whole = b""
            while length := struct.unpack("!I", stream.read(4))[0]:
                whole += stream.read(length)
                if len(whole) > self.most:
                    client.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            self.scanned.append(whole)
            while self.silent:
                time.sleep(0.05)
            client.sendall(f"stream: {self.says or self._found(whole)}\0".encode())

    @staticmethod
    def _found(whole: bytes) -> str:
        return "Own.Eicar.UNOFFICIAL FOUND" if EICAR in whole else "OK"

    def close(self) -> None:
        self.silent = False
        self.listening.close()


class RspamdStub:
    """Answers POST /checkv2. `answer`: the JSON, else by GTUBE; `silent`: it never answers."""

    def __init__(self) -> None:
        self.silent = False
        self.answer: object = None
        self.asked: list[dict[str, str]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stub._answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        raw = request.rfile.read(int(request.headers["Content-Length"]))
        self.asked.append({"path": request.path, **dict(request.headers.items())})
        while self.silent:
            time.sleep(0.05)
        is_spam = GTUBE in raw
        answer = self.answer or {
            "is_skipped": is_spam,  # as Rspamd itself answers to GTUBE
            "score": 15.0 if is_spam else 0.5,
            "required_score": 15.0,
            "action": "reject" if is_spam else "no action",
            "symbols": {"GTUBE": {"name": "GTUBE", "score": 0.0}} if is_spam else {},
        }
        octets = json.dumps(answer).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(octets)))
        request.end_headers()
        request.wfile.write(octets)

    def close(self) -> None:
        self.silent = False
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def clamd(**options: object) -> Iterator[Clamd]:
    made = Clamd(**options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


@contextmanager
def rspamd() -> Iterator[RspamdStub]:
    made = RspamdStub()
    try:
        yield made
    finally:
        made.close()
