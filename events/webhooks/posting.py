"""One POST or GET: to an address that was checked, within a time and a size, without redirects."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

import httpcore
from httpcore import SOCKET_OPTION, NetworkStream

from events.webhooks.targets import Target

DEADLINE = 15.0  # seconds for everything, the look-up of the name apart
MOST_READ = 64 * 1024
MOST_ADDRESSES = 4
MOST_KEPT = 4 * 1024
_MOST_FIELDS, _MOST_FIELD = 50, 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `status` None and `error` say why nothing did."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""
    octets: bytes = b""  # of which `body` is the text

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """Certificates are verified by the machine's authorities, for the URL's host."""
    return ssl.create_default_context()


class _Pinned(httpcore.SyncBackend):
    """Connects to the addresses given, whatever the URL's host means by now."""

    def __init__(self, addresses: Sequence[str], until: float) -> None:
        self._addresses = addresses[:MOST_ADDRESSES]
        self._until = until
        self._handles: list[socket.socket] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        for number, address in enumerate(self._addresses, 1):
            # An address that does not answer must leave time for the next one.
            share = max(0.1, (self._until - time.monotonic()) / (len(self._addresses) - number + 1))
            try:
                stream = super().connect_tcp(address, port, share, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(self._addresses):
                    raise
            else:
                # A handle of our own: TLS takes the socket over.
                self._handles.append(stream.get_extra_info("socket").dup())
                if time.monotonic() >= self._until:
                    raise httpcore.ConnectTimeout("connected too late")
                return stream
        raise httpcore.ConnectError("no address")

    def cut(self) -> None:
        """Break the connection from another thread, whatever it waits for."""
        for handle in self._handles:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for handle in self._handles:
            handle.close()


def post(
    target: Target,
    addresses: Sequence[str],
    content: bytes,
    headers: dict[str, str],
    *,
    seconds: float = DEADLINE,
) -> Answer:
    """Post `content` to `target` at one of `addresses`, and answer what came of it.

    Ends within `seconds`, however slowly the other side drips.
    """
    fields = {"Content-Length": str(len(content)), **headers}
    return _request(_Question("POST", target, fields, content), addresses, seconds)


def get(
    target: Target,
    addresses: Sequence[str],
    *,
    seconds: float = DEADLINE,
    most_kept: int,
    headers: dict[str, str] | None = None,
) -> Answer:
    """As `post`, for what stands at `target`: its first `most_kept` octets."""
    question = _Question("GET", target, headers or {}, most_kept=most_kept)
    return _request(question, addresses, seconds)


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    target: Target
    fields: dict[str, str]
    content: bytes = b""
    most_kept: int = MOST_KEPT


def _request(question: _Question, addresses: Sequence[str], seconds: float) -> Answer:
    backend = _Pinned(addresses, time.monotonic() + seconds)
    with _deadline(backend, seconds) as late:
        try:
            return _answered(question, backend, seconds)
        except (httpcore.TimeoutException, TimeoutError):
            return Answer(error=f"no answer within {seconds:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            if late.is_set():
                return Answer(error=f"no answer within {seconds:g} s")
            return Answer(error=_sentence(error))


def _answered(question: _Question, backend: _Pinned, seconds: float) -> Answer:
    target = question.target
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    times = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
    with (
        httpcore.ConnectionPool(ssl_context=tls(), network_backend=backend) as pool,
        pool.stream(
            question.method,
            url,
            headers=[("Host", target.authority), *question.fields.items()],
            content=question.content,
            extensions={"timeout": times},
        ) as response,
    ):
        kept = _beginning(response.iter_stream(), question.most_kept)
        return Answer(response.status, _fields(response.headers), _text(kept), octets=kept)


def _beginning(chunks: Iterator[bytes], most_kept: int) -> bytes:
    read, kept = 0, b""
    for chunk in chunks:
        read += len(chunk)
        kept += chunk[: most_kept - len(kept)]
        if read >= max(MOST_READ, most_kept):
            break
    return kept


def _fields(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    some = list(headers)[:_MOST_FIELDS]
    return {_text(name).lower()[:100]: _text(value)[:_MOST_FIELD] for name, value in some}


def _text(octets: bytes) -> str:
    """As PostgreSQL takes it."""
    return octets.decode("utf-8", "replace").replace("\0", "\ufffd")


@contextmanager
def _deadline(backend: _Pinned, seconds: float) -> Iterator[threading.Event]:
    late = threading.Event()

    def end() -> None:
        late.set()
        backend.cut()

    clock = threading.Timer(seconds, end)
    clock.daemon = True
    clock.start()
    try:
        yield late
    finally:
        clock.cancel()
        clock.join()
        backend.close()


def _sentence(error: Exception) -> str:
    if isinstance(error.__cause__, ssl.SSLError) or "certificate" in str(error).lower():
        return _text(f"TLS: {error}".encode())[:300]
    return f"the connection failed: {type(error).__name__}"
