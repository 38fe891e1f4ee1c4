"""`manage.py up` as a newcomer sees it: one command, and the doors are open."""

import json
import os
import signal
import smtplib
import stat
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailagent.supervisor.state import noted_services
from tests.supervisor.conftest import processes_with
from tests.supervisor.whole_system import Up

pytestmark = pytest.mark.stack


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
