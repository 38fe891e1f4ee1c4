"""The services that the parts stand on: those given by the environment, the rest started here."""

import os
from collections.abc import Mapping
from pathlib import Path

from mailagent.supervisor import postgres, state, valkey
from mailagent.supervisor.children import Service


def embedded(
    folder: Path,
    given: frozenset[str],
    *,
    programs: Path | None = None,
    throw_away: bool = False,
) -> tuple[list[Service], dict[str, str]]:
    """What must be started for this state folder, and the addresses that go with it."""
    sockets = state.socket_folder(folder)
    children: list[Service] = []
    urls: dict[str, str] = {}
    if "DATABASE_URL" not in given:
        cluster = postgres.open_cluster(folder, sockets, programs=programs, throw_away=throw_away)
        children.append(postgres.as_child(cluster))
        urls["DATABASE_URL"] = cluster.url
    if "REDIS_URL" not in given:
        children.append(valkey.as_child(sockets))
        found = valkey.urls(sockets)
        urls |= {name: url for name, url in found.items() if name not in given}
    return children, urls


def find_running(folder: Path, environ: Mapping[str, str]) -> None:
    """Let any other command use what `up` has started on this state folder."""
    for name, value in state.noted_services(folder).items():
        if not environ.get(name) and not environ.get(f"{name}_FILE"):
            os.environ[name] = value
