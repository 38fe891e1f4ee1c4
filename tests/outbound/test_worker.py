"""A real worker and a real beat, a real SMTP server, and kill -9."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from inboxes.models import Message
from outbound.models import Delivery
from outbound.signing import new_domain_keys
from tests import database
from tests.outbound.mail import queued, statuses
from tests.outbound.sink import Sink
from tests.outbound.worker_process import CeleryProcess, beat, eventually, worker

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]
MEBIBYTES = 130  # of a worker that has sent mail; a guard against leaks and large imports
MESSAGES, KILLS = 120, 4


class System:
    """Beat, a worker that can be killed, and the sink that is their smarthost."""

    def __init__(self, folder: Path) -> None:
        self.sink = Sink()
        self.folder = folder
        self.processes: list[CeleryProcess] = []

    def start_worker(self) -> CeleryProcess:
        url = f"smtp://127.0.0.1:{self.sink.port}?tls=never"
        self.processes.append(worker(self.folder / "worker.log", url))
        return self.processes[-1]

    def start_beat(self) -> CeleryProcess:
        self.processes.append(beat(self.folder / "beat.log", self.folder / "beat-schedule"))
        return self.processes[-1]

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.sink.close()


@pytest.fixture
def system(tmp_path) -> Iterator[System]:
    with database.broker() as broker:
        broker.delete("celery", "unacked", "unacked_index")
    made = System(tmp_path)
    yield made
    made.close()


def unsettled() -> int:
    return Delivery.objects.filter(status__in=["queued", "sending", "deferred"]).count()


def test_a_message_goes_from_the_queue_to_the_server(inbox, system):
    new_domain_keys(inbox.domain)
    running = system.start_worker()

    message = queued(inbox)
    eventually(lambda: statuses(message) == ["sent"], "sent")

    assert system.sink.taken[0].header_message_id == message.header_message_id
    assert running.resident() < MEBIBYTES


def test_a_lost_hint_is_made_good_by_the_sweeper(inbox, system):
    message = queued(inbox)
    time.sleep(0.3)
    with database.broker() as broker:
        assert broker.delete("celery") == 1
    system.start_worker()
    system.start_beat()

    eventually(lambda: statuses(message) == ["sent"], "sent")


def test_a_worker_that_is_told_to_stop_waits_for_the_server_and_for_nothing_else(inbox, system):
    system.sink.pause = 1.0
    running = system.start_worker()
    messages = [queued(inbox) for _ in range(12)]
    eventually(lambda: Delivery.objects.filter(phase="committing").exists(), "under way")

    took = running.stop()

    found = Counter(each for message in messages for each in statuses(message))
    assert took < 5
    assert set(found) <= {"sent", "queued", "deferred"}
    assert found["sent"] == len(system.sink.taken) < 12


def test_a_held_message_leaves_when_its_hold_is_over(inbox, system):
    system.start_worker()
    first = queued(inbox)
    eventually(lambda: statuses(first) == ["sent"], "the worker is up")
    # The clock sleeps towards a far end when a nearer one comes in.
    queued(inbox, hold=30)
    time.sleep(0.3)
    message = queued(inbox, hold=1.0)
    due = Delivery.objects.get(message=message).next_attempt_at.timestamp()

    eventually(lambda: statuses(message) == ["sent"], "sent")

    late = system.sink.taken[-1].connected_at - due
    assert 0 <= late < 5  # the far end would be 29 s away


def kill_until_done(system: System, seed: int) -> int:
    """Kill the worker at random moments until nothing is left to do. How often it was killed."""
    dice = random.Random(seed)
    kills = 0
    running = system.start_worker()
    until = time.monotonic() + 60
    while unsettled() and time.monotonic() < until:
        seen = len(system.sink.taken)
        eventually(lambda: len(system.sink.taken) > seen or not unsettled(), "progress", 30)  # noqa: B023
        time.sleep(dice.uniform(0, 0.4))
        if kills < KILLS:
            running.kill()
            kills += 1
            # As if its leases had ended, and a policy's second try were due.
            Delivery.objects.filter(status="sending").update(lease_until=timezone.now())
            time.sleep(0.1)
            running = system.start_worker()
        Delivery.objects.filter(status="deferred").update(next_attempt_at=timezone.now())
    return kills


def copies(system: System) -> Counter[str]:
    # What the dead worker had handed over is still being taken.
    time.sleep(2 * system.sink.pause)
    return Counter(each.header_message_id for each in system.sink.taken)


def test_what_people_approved_is_neither_doubled_nor_lost_when_workers_are_killed(inbox, system):
    system.sink.pause = 0.03
    new_domain_keys(inbox.domain)
    messages = [queued(inbox, by_person=True) for _ in range(MESSAGES)]
    system.start_beat()

    assert kill_until_done(system, seed=1) == KILLS

    taken = copies(system)
    rows = Message.objects.filter(pk__in=[each.pk for each in messages])
    ends = dict(rows.values_list("header_message_id", "status"))
    assert set(ends.values()) <= {"sent", "uncertain"}
    assert max(taken.values()) == 1
    assert all(taken[name] == 1 for name, end in ends.items() if end == "sent")
    assert sum(end == "uncertain" for end in ends.values()) <= KILLS * 6


def test_what_policies_sent_is_not_lost_and_doubled_at_most_where_doubt_allows(inbox, system):
    system.sink.pause = 0.03
    messages = [queued(inbox, by_person=False) for _ in range(MESSAGES)]
    system.start_beat()

    assert kill_until_done(system, seed=2) == KILLS

    taken = copies(system)
    rows = Delivery.objects.filter(message__in=messages).select_related("message")
    for row in rows:
        doubts = row.attempt_log.filter(outcome="uncertain").count()
        name = row.message.header_message_id
        assert row.status == "sent" or doubts == 2
        assert taken[name] <= 1 + doubts
        assert taken[name] >= 1 or row.status == "uncertain"


def test_a_worker_outlives_a_restart_of_the_database(inbox, system):
    system.start_worker()
    system.start_beat()
    first = queued(inbox)
    eventually(lambda: statuses(first) == ["sent"], "the worker is up")

    with connection.cursor() as cursor:  # As a restart does to those who are connected.
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    second = queued(inbox)

    eventually(lambda: statuses(second) == ["sent"], "sent", 15)
