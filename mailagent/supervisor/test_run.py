"""`manage.py test`: pytest on services of its own, thrown away afterwards."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from mailagent.supervisor import browser, configuration, services
from mailagent.supervisor.children import Child, StopAsked, Supervisor
from mailagent.supervisor.configuration import ROOT
from mailagent.supervisor.console import Console

_PLUGINS = ("mailagent.supervisor.not_run", "mailagent.supervisor.side_by_side")
# Most tests wait for sockets and processes; Valkey has databases for seven at most.
_MOST_SIDE_BY_SIDE = 4


def run(arguments: list[str]) -> int:
    """Pass `arguments` to pytest and return its exit code. Raise CannotStart without services."""
    folder = Path(tempfile.mkdtemp(prefix="mailagent-test-"))
    try:
        with (folder / "services.log").open("w") as log, Supervisor(Console(log)) as supervisor:
            try:
                return _run_pytest(supervisor, folder, arguments)
            except StopAsked:
                return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_pytest(supervisor: Supervisor, folder: Path, arguments: list[str]) -> int:
    given = configuration.read(os.environ).given
    other = os.environ.get("MAILAGENT_TEST_POSTGRES")
    children, urls = services.embedded(
        folder, given, programs=Path(other) if other else None, throw_away=True
    )
    supervisor.start(*children)
    environment = {
        **os.environ,
        **urls,
        "DJANGO_SETTINGS_MODULE": "mailagent.settings",
        "MAILAGENT_STATE": str(folder / "state"),
        # A test holds one connection, and some cut it off; processes they start may pool.
        "MAILAGENT_DB_POOL": "false",
        "MAILAGENT_SECRET_KEY": os.environ.get("MAILAGENT_SECRET_KEY") or "for tests only " * 4,
    }
    if found := browser.find_or_install(os.environ):
        environment["MAILAGENT_BROWSER"] = str(found)
    else:
        environment.pop("MAILAGENT_BROWSER", None)
    supervisor.wait_until_ready(*(child.name for child in children), seconds=300)
    pytest = Child(
        name="pytest",
        argv=[sys.executable, "-m", "pytest", *_plugins(), *_workers(arguments), *arguments],
        environment=environment,
        folder=ROOT,
        patience=20,
    )
    return supervisor.run_step(pytest, shown=False)


def _plugins() -> list[str]:
    return [word for plugin in _PLUGINS for word in ("-p", plugin)]


def _workers(arguments: list[str]) -> list[str]:
    """All tests go side by side, file by file; of named ones the caller says how."""
    if any((ROOT / argument.partition("::")[0]).exists() for argument in arguments if argument):
        return []
    count = min(max(2, os.cpu_count() or 1), _MOST_SIDE_BY_SIDE)
    return ["--numprocesses", str(count), "--dist", "loadfile"]
