"""What a process never uses it does not load: each has its own copy of whatever it does."""

import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

PAGES = {"mailagent.urls", "outbound.admin", "rest_framework.views", "drf_spectacular.plumbing"}
COMMAND_LINE = {"celery.bin.celery", "click_repl", "prompt_toolkit"}

MAIL = (
    "import django; django.setup()\n"
    "from servers.management.commands.serve_mail import Command\n"
    "Command().check(tags=Command.requires_system_checks)\n"
    "from channels.layers import get_channel_layer; get_channel_layer()\n"
)
WORKER = (
    "import mailagent.worker, celery.apps.worker, celery.concurrency.thread\n"
    "mailagent.worker.app.loader.import_default_modules()\n"
    "assert 'outbound.tasks.sweep' in mailagent.worker.app.tasks\n"
)
BEAT = "from mailagent.beat import app; app.Beat(); app.connection().transport\n"


def loaded_by(code: str) -> set[str]:
    """The names of the modules that a Python has when it has run `code`."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(told.split())


def test_mail_process_loads_no_pages():
    assert not loaded_by(MAIL) & (PAGES | COMMAND_LINE)


def test_worker_loads_no_pages_and_no_command_line():
    assert not loaded_by(WORKER) & (PAGES | COMMAND_LINE)


def test_beat_loads_no_database_and_no_command_line():
    assert not loaded_by(BEAT) & ({"django.apps", "psycopg"} | COMMAND_LINE)


def test_mail_process_still_refuses_a_wrong_setting(settings):
    settings.TRANSPORT = "carrier-pigeon"

    with pytest.raises(SystemCheckError, match="MAILAGENT_TRANSPORT"):
        call_command("serve_mail", skip_checks=False)


def test_admin_pages_pass_their_checks():
    import mailagent.urls  # noqa: F401 - it loads them

    assert run_checks(tags=["admin"]) == []
