"""What benches of outgoing mail share: an inbox with its reviewer, a sink, and real workers.

Each bench runs on the migrated database of DATABASE_URL and the broker of CELERY_BROKER_URL, which
it empties: give it scratch ones.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")
os.environ.setdefault("MAILAGENT_DB_POOL", "false")
os.environ.setdefault(
    "MAILAGENT_SECRET_KEY", "a key for benches alone; nothing real is sealed by it"[:50]
)
if not apps.ready:
    django.setup()


from accounts.models import Member, User, Workspace
from accounts.scope import Scope
from inboxes.models import Domain, Inbox
from inboxes.opening import open_inbox
from outbound.models import Delivery
from outbound.signing import new_domain_keys
from tests import database
from tests.outbound.sink import Sink
from tests.outbound.worker_process import CeleryProcess, beat, eventually, worker


@dataclass(frozen=True, slots=True)
class Office:
    """An inbox on a domain with its DKIM keys, and somebody who may approve."""

    inbox: Inbox
    reviewer: Scope


def new_office(*, hold_seconds: int = 0) -> Office:
    name = f"bench-{secrets.token_hex(4)}.example"
    workspace = Workspace.objects.create(name=name)
    domain = Domain.objects.create(
        workspace=workspace, name=name, status=Domain.Status.VERIFIED, outbound_enabled=True
    )
    new_domain_keys(domain)
    inbox = open_inbox(workspace, domain, "support", by="bench").inbox
    Inbox.objects.filter(pk=inbox.pk).update(hold_seconds=hold_seconds)
    inbox.refresh_from_db()
    user = User.objects.create_user(f"reviewer@{name}", secrets.token_hex(16), name="Reviewer")
    Member.objects.create(workspace=workspace, user=user, role=Member.Role.REVIEWER)
    return Office(inbox, Scope.of_user(user))


class Stage:
    """A sink, and the workers that send to it."""

    def __init__(self, folder: Path, *, pause: float, concurrency: int) -> None:
        self.sink = Sink(pause=pause)
        self.folder = folder
        self.concurrency = concurrency
        self.processes: list[CeleryProcess] = []

    def start_worker(self) -> CeleryProcess:
        url = f"smtp://127.0.0.1:{self.sink.port}?tls=never"
        started = worker(self.folder / "worker.log", url, concurrency=self.concurrency)
        self.processes.append(started)
        return started

    def start_beat(self) -> None:
        self.processes.append(beat(self.folder / "beat.log", self.folder / "beat-schedule"))

    def wait_until_sent(self, count: int, seconds: float) -> None:
        eventually(lambda: len(self.sink.taken) >= count, f"{count} messages sent", seconds)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.sink.close()


@contextmanager
def stage(*, pause: float = 0.0, concurrency: int = 4) -> Iterator[Stage]:
    """Everything from an empty broker on; all that was started is killed at the end."""
    with database.broker() as broker:
        broker.delete("celery", "unacked", "unacked_index")
    with tempfile.TemporaryDirectory() as folder:
        made = Stage(Path(folder), pause=pause, concurrency=concurrency)
        try:
            yield made
        finally:
            made.close()


def unsettled(inbox: Inbox) -> int:
    """How many deliveries of the inbox are still on their way."""
    on_the_way = ("queued", "sending", "deferred")
    return Delivery.objects.filter(message__inbox=inbox, status__in=on_the_way).count()


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all lie at or below."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
