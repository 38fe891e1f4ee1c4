"""What keeps our state: PostgreSQL and its clock, the queue, Valkey, the disk, the secret key."""

import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Min
from django.utils import timezone

from inboxes.models import Inbox
from mailagent.doctor.findings import Finding, fault, ok, warning
from outbound.models import Delivery
from servers.durability import broken_promises
from tracking.hits import first_untold

DRIFT, BAD_DRIFT = 1.0, 5.0  # seconds
LATE = timedelta(minutes=10)
LEAST_VERSION = 14
STARTED = "Start the worker and beat processes, and look at their logs."


def database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0]) // 10_000
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        theirs = float(cursor.fetchone()[0])
    drift = abs(timezone.now().timestamp() - theirs)
    if version < LEAST_VERSION:
        yield fault("postgresql", f"It is version {version}.", f"Use {LEAST_VERSION} or later.")
    broken = broken_promises()
    for sentence in broken:
        says, _, do = sentence.partition(" Set ")
        yield fault("postgresql", says, f"Set {do}")
    if not broken:
        yield ok("postgresql", f"Version {version}; what is committed is kept.")
    if drift > DRIFT:
        make = fault if drift > BAD_DRIFT else warning
        do = "Keep both machines' time by NTP: leases and signatures depend on it."
        yield make("clock", f"The database's clock and ours differ by {drift:.1f} s.", do)
    else:
        yield ok("clock", f"The database's clock and ours differ by {drift:.2f} s.")


def queue() -> Iterator[Finding]:
    """What is due and not taken up; what waits for a person; what is switched off."""
    now = timezone.now()
    due = Delivery.objects.filter(status__in=Delivery.WAITING, next_attempt_at__lte=now)
    oldest = due.aggregate(oldest=Min("next_attempt_at"))["oldest"]
    if oldest is not None and now - oldest > LATE:
        minutes = int((now - oldest).total_seconds() // 60)
        yield fault("queue", f"Mail has been due for {minutes} minutes.", STARTED)
    else:
        yield ok("queue", f"{due.count()} deliveries are due.")
    if uncertain := Delivery.objects.filter(status=Delivery.Status.UNCERTAIN).count():
        do = "Say in the outbox whether each is to be sent again."
        yield warning("queue", f"{uncertain} deliveries are uncertain.", do)
    if paused := Inbox.objects.alive().filter(status=Inbox.Status.PAUSED).count():
        yield warning("queue", f"{paused} inboxes are paused.", "Activate them when they may send.")
    if first_untold(now) > LATE.total_seconds():
        yield fault("loops", "Opens and clicks have waited for minutes to be told.", STARTED)


def valkey() -> Iterator[Finding]:
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping()
    except redis.RedisError as error:
        says = f"It does not answer: {type(error).__name__}."
        yield warning("valkey", says, "Start it, or correct REDIS_URL: without it all is slower.")
    else:
        yield ok("valkey", "It answers.")


def disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.STATE if settings.STATE.exists() else ".").free
    says = f"{free // 1_000_000} MB are free."
    if free < settings.MIN_FREE_DISK:
        yield fault("disk", says, "Make room: mail is put off with 452 until there is.")
    elif free < 5 * settings.MIN_FREE_DISK:
        yield warning("disk", says, "Make room before mail has to be put off.")
    else:
        yield ok("disk", says)


def secret_key() -> Iterator[Finding]:
    """There is one, and nobody else on the machine can read it."""
    if settings.SECRET_KEY.startswith("not-a-secret"):
        yield fault("key", "There is no secret key.", "Set MAILAGENT_SECRET_KEY_FILE.")
        return
    kept = settings.STATE / "secret-key"
    if kept.is_file() and stat.S_IMODE(kept.stat().st_mode) & 0o077:
        yield fault("key", f"Others can read {kept}.", f"chmod 600 {kept}, and consider a new key.")
    else:
        yield ok("key", "There is a secret key, and others cannot read its file.")
