"""A pytest plugin: workers that test side by side have services of their own.

An event is told once no older transaction of the whole cluster runs, so two workers on one
PostgreSQL would wait for each other. `manage.py test` starts services for each and names those of
worker `gwN`, from the second on, `DATABASE_URL_GWN` and so on. This acts when it is loaded, before
the settings read the environment.
"""

import os
from collections.abc import MutableMapping

_NAMES = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
_OF_WORKERS = tuple(f"{name}_GW" for name in _NAMES)


def named_for(worker: int, urls: dict[str, str]) -> dict[str, str]:
    """The addresses of one worker's services, under the names by which it finds them."""
    return {f"{name}_GW{worker}" if worker else name: url for name, url in urls.items()}


def set_apart(environment: MutableMapping[str, str]) -> None:
    """Let a worker of pytest-xdist find its own services under the usual names, and nobody else's.

    A system that a test starts, and tells nothing of services, is to start its own.
    """
    worker = environment.get("PYTEST_XDIST_WORKER", "").upper()
    if not worker:
        return
    for name in _NAMES:
        if own := environment.get(f"{name}_{worker}"):
            environment[name] = own
    for name in [each for each in environment if each.startswith(_OF_WORKERS)]:
        del environment[name]


set_apart(os.environ)
