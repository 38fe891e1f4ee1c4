"""Systems to start, kill and look for: real ones, with small programs in place of the four."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL_SYSTEM = Path(__file__).with_name("small_system.py")


class System:
    """A supervisor in a process of its own, with PostgreSQL, Valkey and two small programs."""

    def __init__(self, state: Path, *arguments: str) -> None:
        self.state = state
        self.log = state.with_suffix(".log")
        environment = {
            name: text
            for name, text in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
        }
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(SMALL_SYSTEM), str(state), *arguments],
                cwd=ROOT,
                env=environment | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, words: str, seconds: float = 30) -> None:
        eventually(lambda: words in self.said(), f"{words!r} in the log", seconds)

    def urls(self) -> dict[str, str]:
        urls: dict[str, str] = json.loads((self.state / "services.json").read_text())
        return urls

    def pid_of(self, name: str) -> int:
        """The process of a child, as the kernel knows it."""
        marks = {"postgres": f"{self.state}/postgres", "valkey": f"{self.state}/run/valkey.sock"}
        mark = marks.get(name, f"small-{name}-{self.state.name}")
        found = processes_with(mark)
        return min(found) if found else 0

    def kill(self, name: str) -> int:
        """End a child as nobody would like to end; return the number it had."""
        pid = self.pid_of(name)
        assert pid > 0, f"{name} does not run"  # and 0 would be all of us
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_for_another(self, name: str, pid: int, seconds: float) -> None:
        """Wait until a child runs under another number than `pid`."""
        eventually(lambda: self.pid_of(name) not in (0, pid), f"{name} back", seconds)

    def all_pids(self) -> list[int]:
        return [
            *processes_with(str(self.state)),
            *processes_with(f"-{self.state.name}"),
        ]

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Ask it to stop; return the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - began


def processes_with(mark: str) -> list[int]:
    """Every living process that has `mark` in its command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if mark in words:
            found.append(int(folder.name))
    return found


def eventually(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait for `condition`, or fail naming it."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {what}")
        time.sleep(0.05)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@pytest.fixture
def start_system() -> Iterator[Callable[..., System]]:
    """Start systems on one state folder; whatever is left of them ends with the test.

    Its path is short: the sockets are then in it, and their processes are found by it.
    """
    systems: list[System] = []
    place = Path(tempfile.mkdtemp(prefix="ma-"))

    def start(*arguments: str, state: Path | None = None) -> System:
        system = System(state or place / f"state-{os.getpid()}", *arguments)
        systems.append(system)
        return system

    yield start
    for system in systems:
        if system.process.poll() is None:
            system.stop()
        for pid in system.all_pids():
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def system(start_system: Callable[..., System]) -> System:
    """A system that is up."""
    started = start_system()
    started.wait_for("small system ready")
    return started
