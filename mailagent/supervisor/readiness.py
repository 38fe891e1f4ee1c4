"""Whether a port is free, and whether a server answers behind it."""

import contextlib
import errno
import http.client
import socket
from pathlib import Path

from mailagent.supervisor.configuration import Configuration
from mailagent.supervisor.refusal import CannotStart

_ANSWER_SECONDS = 2.0


def doors_are_free(configuration: Configuration) -> None:
    """Raise CannotStart, naming the setting, for a port that cannot be listened on."""
    for setting, port in configuration.doors():
        try:
            _try_to_bind(configuration.bind, port)
        except OSError as error:
            raise CannotStart(_why_not(configuration.bind, port, setting, error)) from None


def _try_to_bind(bind: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
        door.listen(1)


def _why_not(bind: str, port: int, setting: str, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address {bind}: set MAILAGENT_BIND to one that it has."
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {bind} is taken by another program. "
            f"Set {setting} to a free port, or stop that program."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this account has: set {setting} above 1023."
    return f"Port {port} on {bind} cannot be opened ({error.strerror}): see {setting}."


def web_answers(host: str, port: int) -> bool:
    """Whether the web process is alive."""
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def smtp_greets(host: str, port: int) -> bool:
    """Whether the mail process says 220."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((host, port), timeout=_ANSWER_SECONDS) as connection,
    ):
        greeting = connection.recv(512)
        connection.sendall(b"QUIT\r\n")
        return greeting.startswith(b"220")
    return False


def valkey_answers(path: Path) -> bool:
    """Whether Valkey serves on its socket."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        connection.connect(str(path))
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False
