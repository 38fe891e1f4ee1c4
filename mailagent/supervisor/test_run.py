"""`manage.py test`: pytest on services of its own, thrown away afterwards."""

import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from mailagent.supervisor import browser, configuration, services, side_by_side
from mailagent.supervisor.children import Child, Service, StopAsked, Supervisor
from mailagent.supervisor.configuration import ROOT
from mailagent.supervisor.console import Console

_PLUGINS = ("mailagent.supervisor.not_run", "mailagent.supervisor.side_by_side")
_MOST_SIDE_BY_SIDE = 4  # most tests wait for sockets and processes


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
    workers = 1 if given or _are_named(arguments) else _side_by_side()
    children, urls = _services(folder, given, workers)
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
    plugins = [word for plugin in _PLUGINS for word in ("-p", plugin)]
    spread = ["--numprocesses", str(workers), "--dist", "loadfile"] if workers > 1 else []
    pytest = Child(
        name="pytest",
        argv=[sys.executable, "-m", "pytest", *plugins, *spread, *arguments],
        environment=environment,
        folder=ROOT,
        patience=20,
    )
    return supervisor.run_step(pytest, shown=False)


def _services(
    folder: Path, given: frozenset[str], workers: int
) -> tuple[list[Service], dict[str, str]]:
    """What is not given, for each of the workers, and where each finds it."""
    other = os.environ.get("MAILAGENT_TEST_POSTGRES")
    children: list[Service] = []
    urls: dict[str, str] = {}
    for worker in range(workers):
        place = folder / f"gw{worker}"
        place.mkdir()
        own, theirs = services.embedded(
            place,
            given,
            programs=Path(other) if other else None,
            throw_away=True,
        )
        children += [replace(child, name=f"{child.name}-{worker}") for child in own]
        urls |= side_by_side.named_for(worker, theirs)
    return children, urls


def _side_by_side() -> int:
    return min(max(2, os.cpu_count() or 1), _MOST_SIDE_BY_SIDE)


def _are_named(arguments: list[str]) -> bool:
    """Tests that are named run one after the other, unless the caller says otherwise."""
    return any((ROOT / word.partition("::")[0]).exists() for word in arguments if word)
