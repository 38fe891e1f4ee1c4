"""What benches of events share: an inbox with its key, a web process of their own, and somebody
who emits.

Each runs on the migrated scratch database of DATABASE_URL and the Valkey of REDIS_URL.
"""

import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.stage import new_office  # sets Django up, so it comes first

# isort: split
from django.db import connection

from accounts import keys
from accounts.models import ApiKey
from events import log
from events.ids import new_id
from events.models import EventType
from inboxes.models import Domain, Inbox
from inboxes.opening import open_inbox
from tests.events.listening import Web, free_port, start_web, stop_web

MANY = str(10**9)  # requests a minute


@dataclass(frozen=True, slots=True)
class Audience:
    """Inboxes of one workspace, and a key that reaches them all."""

    inboxes: Sequence[Inbox]
    key: str


def new_audience(inboxes: int = 1) -> Audience:
    first = new_office().inbox
    Domain.objects.filter(pk=first.domain_id).update(inbound_enabled=True)
    names = [f"support{number}" for number in range(1, inboxes)]
    more = [open_inbox(first.workspace, first.domain, name, by="bench").inbox for name in names]
    key = keys.issue(
        ApiKey.Kind.WORKSPACE,
        workspace=first.workspace,
        inbox_id=None,
        name="bench",
        permissions=ApiKey.Permission.values,
        created_by="bench",
    )[1]
    return Audience([first, *more], key)


@contextmanager
def web_process() -> Iterator[Web]:
    """One web process on this database."""
    unlimited = {"MAILAGENT_RATE_LIMIT": MANY, "MAILAGENT_WORKSPACE_RATE_LIMIT": MANY}
    # The pool as in production: the process of a bench goes without.
    web = start_web(free_port(), MAILAGENT_DB_POOL="true", MAILAGENT_LOG_LEVEL="ERROR", **unlimited)
    try:
        yield web
    finally:
        stop_web(web)


def emit(inbox: Inbox, subject: str) -> float:
    """One event of a mail, committed. When it was, by the clock of `time.time`."""
    log.emit(
        EventType.MESSAGE_RECEIVED,
        workspace_id=inbox.workspace_id,
        inbox_id=inbox.pk,
        thread_id=new_id(),
        message_id=new_id(),
        payload={"from": "ann@example.net", "to": [inbox.email], "subject": subject},
    )
    return time.time()


def emit_steadily(inboxes: Sequence[Inbox], count: int, per_second: float) -> None:
    """Events in turns over the inboxes, numbered in each; from a thread."""
    start = time.monotonic()
    try:
        for number in range(count):
            time.sleep(max(0.0, start + number / per_second - time.monotonic()))
            emit(inboxes[number % len(inboxes)], str(number // len(inboxes)))
    finally:
        connection.close()


def allow_many_files() -> None:
    """As many open sockets as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
