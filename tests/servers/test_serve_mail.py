"""manage.py serve_mail as a process: refuses an unsafe database, survives its children, stops."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from servers.durability import broken_promises
from tests.database import database_url
from tests.inboxes.letters import compose

ROOT = Path(__file__).resolve().parents[2]
SERVE = (
    "import django; django.setup();"
    "from django.core.management import call_command;"
    "call_command('serve_mail', skip_checks=True)"
)


@pytest.fixture
def serving(transactional_db, inbox, tmp_path):
    """The process and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "mailagent.settings",
            "DATABASE_URL": database_url(),
            "MAILAGENT_SMTP_PORT": str(port),
            "MAILAGENT_MAIL_PROCESSES": "2",
            "MAILAGENT_STATE": str(tmp_path),
        },
        stderr=subprocess.DEVNULL,
    )
    _wait_for(port)
    yield process, port
    process.kill()
    process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=20):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("serve_mail did not come up within 60 s")


def _send(port: int, message_id: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as smtp:
        smtp.sendmail(
            "ann@customer.example", "support@acme.example", compose(message_id=message_id)
        )


def _children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children()


def _within(seconds: float, holds) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds()


def test_a_killed_child_is_replaced_and_mail_comes_in_all_the_while(serving):
    process, port = serving
    children = _children(process)
    before = {child.pid for child in children}

    children[0].kill()
    children[0].wait(30)  # else it may take the next connection with it

    _send(port, "m1@customer.example")
    assert _within(30, lambda: len({c.pid for c in _children(process)} - before) == 1)
    assert len(_children(process)) == 2


def test_sigterm_ends_all_of_it(serving):
    process, _ = serving
    children = _children(process)

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 0
    assert not any(child.is_running() for child in children)


def test_children_end_when_their_parent_is_killed(serving):
    process, _ = serving
    children = _children(process)

    process.kill()

    assert _within(30, lambda: not any(child.is_running() for child in children))


@pytest.mark.django_db
def test_a_database_that_forgets_commits_is_refused():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")

    (sentence,) = broken_promises()

    assert "synchronous_commit = off" in sentence


@pytest.mark.django_db
def test_a_port_that_is_taken_is_a_sentence(settings, monkeypatch):
    monkeypatch.setattr("servers.management.commands.serve_mail._check_database", lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.BIND, settings.SMTP_PORT = taken.getsockname()
        with pytest.raises(CommandError, match="cannot be had"):
            call_command("serve_mail", skip_checks=True)
