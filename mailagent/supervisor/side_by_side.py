"""A pytest plugin: workers that test side by side have a database of Valkey each.

pytest-django gives each worker of pytest-xdist a database of its own; this does the same for what
is kept in Valkey. It acts when it is loaded, before the settings read the environment.
"""

import os
from collections.abc import MutableMapping

_DATABASES_EACH = 2  # one for REDIS_URL, one for CELERY_BROKER_URL


def set_apart(environment: MutableMapping[str, str]) -> None:
    """Point the URLs of worker `gwN` at databases 2N + 2 and 2N + 3. Of 16, 7 workers find room."""
    worker = environment.get("PYTEST_XDIST_WORKER", "")
    if not worker.startswith("gw"):
        return
    first = _DATABASES_EACH * (int(worker.removeprefix("gw")) + 1)
    for number, name in enumerate(("REDIS_URL", "CELERY_BROKER_URL")):
        if url := environment.get(name):
            environment[name] = _at_database(url, first + number)


def _at_database(url: str, number: int) -> str:
    """`url` with another number of a database, in whichever of the three forms it is written."""
    bare = url.partition("?")[0]
    if bare.startswith("unix:"):
        return f"{bare}?db={number}"
    if bare.startswith("redis+socket:"):
        return f"{bare}?virtual_host={number}"
    scheme, _, rest = bare.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{number}"


set_apart(os.environ)
