"""What it costs to store a mail that comes in: CPU time of Python and of PostgreSQL, each.

    DATABASE_URL=postgres:///scratch python -m bench.arrival_cpu --batch 8 --messages 400

Goes by CPU time, so that neighbours on the machine disturb little. Needs a migrated database on
this machine (the time of its backend is read from /proc). `--profile tottime` says what took it.
"""

import argparse
import cProfile
import os
import pstats
import time
import uuid
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")
os.environ.setdefault("MAILAGENT_DB_POOL", "false")
os.environ.setdefault("MAILAGENT_LOG_LEVEL", "ERROR")
if __name__ == "__main__":
    django.setup()

from django.db import connection
from django.utils import timezone

from accounts.models import Workspace
from bench.running import mail
from inboxes.arrival import Envelope, deliver_many
from inboxes.models import Domain
from inboxes.opening import open_inbox
from inboxes.recipients import Recipient

SHOWN = 45


def make_recipient() -> Recipient:
    """A new inbox, for an empty one is what everyone measures."""
    workspace = Workspace.objects.create(name="Benchmark")
    domain = Domain.objects.create(
        workspace=workspace, name=f"{uuid.uuid4().hex}.example", inbound_enabled=True
    )
    inbox = open_inbox(workspace, domain, "support", by="bench").inbox
    return Recipient(inbox.email, inbox.pk, workspace.pk)


def batch(recipient: Recipient, count: int, size: int) -> list[tuple[Envelope, bytes]]:
    at = timezone.now()
    envelope = Envelope("customer@example.net", (recipient,), at, helo="bench", peer="127.0.0.1")
    to = recipient.rcpt_to
    return [(envelope, mail(uuid.uuid4().hex, rcpt_to=to, size=size)) for _ in range(count)]


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(pid)


def seconds_of(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time to store a mail that comes in.")
    parser.add_argument("--batch", type=int, default=8, help="Mails in one transaction.")
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--size", type=int, default=10_000, help="Octets of each.")
    parser.add_argument("--profile", choices=["tottime", "cumtime"])
    options = parser.parse_args()
    recipient = make_recipient()
    deliver_many(batch(recipient, options.batch, options.size))  # caches and plans
    pid = backend()
    rounds = max(1, options.messages // options.batch)
    batches = [batch(recipient, options.batch, options.size) for _ in range(rounds)]
    profile = cProfile.Profile()
    if options.profile:
        profile.enable()
    python, postgres, wall = time.process_time(), seconds_of(pid), time.perf_counter()
    for some in batches:
        deliver_many(some)
    spent = {
        "python": time.process_time() - python,
        "postgres": seconds_of(pid) - postgres,
        "wall": time.perf_counter() - wall,
    }
    profile.disable()
    count = rounds * options.batch
    told = ", ".join(f"{name} {1000 * each / count:.2f} ms" for name, each in spent.items())
    print(f"batches of {options.batch}: {told} for each of {count} messages")
    if options.profile:
        pstats.Stats(profile).sort_stats(options.profile).print_stats(SHOWN)


if __name__ == "__main__":
    main()
