"""`manage.py up` as a newcomer sees it: one command, and the doors are open."""

import json
import os
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailagent.supervisor.state import noted_services
from tests.supervisor.conftest import ROOT, eventually, processes_with

pytestmark = pytest.mark.stack


def two_free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as other:
        for door in (one, other):
            door.bind(("127.0.0.1", 0))
        return [door.getsockname()[1] for door in (one, other)]


class Up:
    """One `manage.py up`."""

    def __init__(self, state: Path) -> None:
        self.web_port, self.smtp_port = two_free_ports()
        self.log = state.with_name(f"up-{time.monotonic_ns()}.log")
        left_out = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "MAILAGENT_DB_POOL")
        settings = {
            "MAILAGENT_STATE": str(state),
            "MAILAGENT_WEB_PORT": str(self.web_port),
            "MAILAGENT_SMTP_PORT": str(self.smtp_port),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up"],
                env={k: v for k, v in os.environ.items() if k not in left_out} | settings,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(self._is_open_or_ended, "up", 120)
        assert self.process.poll() is None, self.log.read_text()

    def _is_open_or_ended(self) -> bool:
        return "ready in" in self.log.read_text() or self.process.poll() is not None

    def stop(self) -> float:
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return time.monotonic() - began


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "var"


@pytest.fixture
def up(state: Path) -> Iterator[Up]:
    started = Up(state)
    yield started
    if started.process.poll() is None:
        started.stop()
    for pid in processes_with(str(state)):
        os.kill(pid, signal.SIGKILL)


def test_doors_are_open_when_it_says_so(up: Up, state: Path) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{up.web_port}/healthz", timeout=20) as answer:
        assert answer.status == 200
    with smtplib.SMTP("127.0.0.1", up.smtp_port, timeout=20) as smtp:
        assert smtp.noop()[0] == 250
    for name in ("web", "mail", "worker", "beat", "postgres", "valkey"):
        assert f"{name} ended" not in up.log.read_text()


def test_other_commands_find_its_doors(up: Up, state: Path) -> None:
    noted = noted_services(state)

    assert noted["MAILAGENT_WEB_PORT"] == str(up.web_port)
    assert noted["MAILAGENT_SMTP_PORT"] == str(up.smtp_port)
    assert noted["MAILAGENT_BIND"] == "127.0.0.1"


def test_what_it_prints_is_what_the_demo_file_keeps_for_its_owner(up: Up, state: Path) -> None:
    demo = json.loads((state / "demo.json").read_text())
    said = up.log.read_text()

    assert stat.S_IMODE((state / "demo.json").stat().st_mode) == 0o600
    for word in (demo["web"], demo["admin"]["password"], demo["inbox"]["apiKey"]):
        assert said.count(word) == 1
    assert demo["smtp"] == {"host": "127.0.0.1", "port": up.smtp_port}


def test_it_stops_within_five_seconds_and_starts_again_as_it_was(up: Up, state: Path) -> None:
    before = json.loads((state / "demo.json").read_text())

    assert up.stop() < 5
    assert processes_with(str(state)) == []

    again = Up(state)
    try:
        assert json.loads((state / "demo.json").read_text())["inbox"] == before["inbox"]
    finally:
        again.stop()
