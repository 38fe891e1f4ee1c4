"""ClamAV's daemon: INSTREAM (man 8 clamd), by TCP or over a unix socket."""

import socket
import struct
import time
from dataclasses import dataclass

from inboxes.scanning.verdicts import Carried, Scan, Unscanned

_CHUNK = 256 * 1024
_MOST_ANSWER = 4_096
_LENGTH = struct.Struct("!I")
# Findings that say "I could not look", not "I have found something".
_NOT_LOOKED_AT = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")


@dataclass(frozen=True, slots=True)
class Clamav:
    """`address`: `host:port`, or the path of a unix socket."""

    address: str

    def scan(self, raw: bytes, carried: Carried, seconds: float) -> Scan:
        """Have `raw` looked at. Raises Unscanned, also for what is over clamd's own limits."""
        until = time.monotonic() + seconds
        try:
            with self._connected(until) as connection:
                _send(connection, raw, until)
                answer = _read(connection, until)
        except (OSError, ValueError) as error:
            raise Unscanned(f"clamd: {type(error).__name__}") from error
        return _verdict(answer)

    def _connected(self, until: float) -> socket.socket:
        if "/" in self.address:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(_left(until))
            try:
                connection.connect(self.address)
            except OSError:
                connection.close()
                raise
            return connection
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), _left(until))


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _send(connection: socket.socket, raw: bytes, until: float) -> None:
    connection.settimeout(_left(until))
    connection.sendall(b"zINSTREAM\0")
    whole = memoryview(raw)
    try:
        for start in range(0, len(raw), _CHUNK):
            chunk = whole[start : start + _CHUNK]
            connection.settimeout(_left(until))
            connection.sendall(_LENGTH.pack(len(chunk)))
            connection.sendall(chunk)
        connection.sendall(_LENGTH.pack(0))
    except (BrokenPipeError, ConnectionResetError):
        return  # It has heard enough and says why: the size limit.


def _read(connection: socket.socket, until: float) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < _MOST_ANSWER:
        connection.settimeout(_left(until))
        piece = connection.recv(_MOST_ANSWER)
        if not piece:
            break
        answer += piece
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _verdict(answer: str) -> Scan:
    """`stream: OK`, `stream: <name> FOUND`, or words of an error."""
    said = answer.removeprefix("stream:").strip()
    if said == "OK":
        return Scan(is_bad=False)
    name, found, _ = said.rpartition(" FOUND")
    if not found or name.startswith(_NOT_LOOKED_AT):
        raise Unscanned(f"clamd: {said[:200]}")
    return Scan(is_bad=True, facts={"virus": name[:200]})
