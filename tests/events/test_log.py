"""The numbered log: what readers see while writers overtake each other."""

import random
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events import log
from events.ids import new_id
from events.log import BadCursor, Cursor, CursorExpired
from events.models import Event, EventType
from tests.events.listening import tell

WRITERS, TRANSACTIONS, EVENTS_EACH = 20, 50, 3
WORKSPACE = new_id()


def _write(number: int) -> None:
    chance = random.Random(number)
    try:
        for _ in range(TRANSACTIONS):
            with transaction.atomic():
                for _ in range(EVENTS_EACH):
                    tell(WORKSPACE)
                    time.sleep(chance.choice([0, 0, 0.001, 0.02]))
    finally:
        connections.close_all()


def _read_all(cursor: Cursor, written: threading.Event, limit: int, into: list[int]) -> None:
    try:
        while True:
            over = written.is_set()
            batch = log.read(cursor, limit=limit)
            into.extend(event.pk for event in batch.events)
            cursor = batch.end
            if over and not batch.events and not batch.waiting:
                return
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_readers_skip_and_repeat_nothing_while_twenty_writers_commit_out_of_order():
    written, start = threading.Event(), log.end()
    found: list[list[int]] = [[], [], []]
    readers = [
        threading.Thread(target=_read_all, args=(start, written, limit, into))
        for limit, into in zip((1, 7, 500), found, strict=True)
    ]
    writers = [threading.Thread(target=_write, args=(number,)) for number in range(WRITERS)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    written.set()
    for thread in readers:
        thread.join()

    in_order = list(Event.objects.order_by("transaction", "id").values_list("pk", flat=True))
    assert len(in_order) == WRITERS * TRANSACTIONS * EVENTS_EACH
    assert in_order != sorted(in_order)  # They did overtake each other.
    for read in found:
        assert read == in_order


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_committed_waits_for_an_older_transaction(other_connection):
    start = log.end()
    other_connection.execute("SELECT pg_current_xact_id()")
    tell(WORKSPACE)

    held_back = log.read(start, limit=10)
    other_connection.rollback()

    assert (held_back.events, held_back.waiting, held_back.end) == ([], True, start)
    assert len(log.read(start, limit=10).events) == 1


@pytest.mark.django_db(transaction=True)
def test_an_event_of_a_transaction_that_fails_is_never_told():
    start = log.end()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell(WORKSPACE)
        raise ZeroDivisionError

    assert log.read(start, limit=10).events == []


@pytest.mark.django_db(transaction=True)
def test_an_event_is_one_insert_and_no_more(django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1):
        tell(WORKSPACE)


@pytest.mark.django_db(transaction=True)
def test_emitting_goes_on_when_the_broker_is_away(settings):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }
    began = time.perf_counter()
    for _ in range(20):
        tell(WORKSPACE)

    assert Event.objects.count() == 20
    assert time.perf_counter() - began < 2


def test_a_cursor_is_read_back_as_it_was_written():
    cursor = Cursor(3, 2**63 - 1, 17)

    assert Cursor.read(str(cursor)) == cursor


@pytest.mark.parametrize(
    "letters",
    [
        "x",
        "é",
        "AAAA",
        "\0",
        "B" + str(Cursor(0, 5, 6))[1:],
        str(Cursor(0, 2**64 - 1, 0)),
    ],
)
def test_what_is_no_cursor_is_refused(letters):
    with pytest.raises(BadCursor):
        Cursor.read(letters)


@pytest.mark.django_db(transaction=True)
def test_pruning_deletes_what_is_older_than_seven_days_and_expires_cursors_before_it():
    start = log.end()
    for _ in range(3):
        tell(WORKSPACE)
    old = Event.objects.order_by("id")[:2]
    Event.objects.filter(pk__in=[event.pk for event in old]).update(
        created_at=timezone.now() - timedelta(days=7, minutes=1)
    )
    last_gone = log.place(old[1], 0)

    assert log.prune(timezone.now()) == 2
    with pytest.raises(CursorExpired):
        log.read_whole(start, limit=10)
    assert len(log.read_whole(last_gone, limit=10).events) == 1


@pytest.mark.django_db(transaction=True)
def test_after_a_restore_old_cursors_expire_and_old_events_come_before_new_ones():
    tell(WORKSPACE)
    Event.objects.update(transaction=2**40)  # Another cluster had counted further.
    before = Cursor(0, 2**40, Event.objects.get().pk)

    log.begin_era()
    tell(WORKSPACE, subject="new")

    with pytest.raises(CursorExpired):
        log.check(before)
    told = log.read_whole(log.oldest(), limit=10).events
    assert [event.payload.get("subject") for event in told] == [None, "new"]


@pytest.mark.django_db
def test_reading_after_a_cursor_uses_the_index_of_the_log_order():
    Event.objects.bulk_create(
        Event(
            transaction=number,
            type=EventType.MESSAGE_SENT,
            workspace_id=WORKSPACE,
            created_at=timezone.now(),
        )
        for number in range(1, 5001)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_event")
    with CaptureQueriesContext(connection) as queries:
        log.read(Cursor(0, 2500, 0), limit=50)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Scan using event_log_order" in plan
    assert "Sort" not in plan


def test_every_event_type_of_the_contract_is_there():
    ours = {"sending.warned", "sending.paused", "sending.resumed"}

    assert ours < set(EventType.values)
    assert len(set(EventType.values) - ours) == 23
