"""The buffer between answering and the database."""

import threading
import uuid

from django.db import OperationalError
from django.utils import timezone

from tracking.grading import HUMAN
from tracking.hits import Seen
from tracking.recorder import Recorder


def hits(count: int) -> list[Seen]:
    return [Seen(uuid.uuid4(), "open", timezone.now(), HUMAN) for _ in range(count)]


class Shelf:
    """Keeps what is stored; fails while it is away."""

    def __init__(self) -> None:
        self.kept: list[Seen] = []
        self.away = False
        self.stored = threading.Event()

    def store(self, seen) -> int:
        if self.away:
            raise OperationalError("away")
        self.kept += seen
        self.stored.set()
        return len(seen)


def test_what_is_noted_is_stored_without_being_asked():
    shelf = Shelf()
    recorder = Recorder(shelf.store)
    noted = hits(3)
    for hit in noted:
        recorder.note(hit)

    assert shelf.stored.wait(10)
    recorder.end()
    assert shelf.kept == noted


def test_an_absent_database_loses_nothing_and_keeps_the_order():
    shelf = Shelf()
    shelf.away = True
    recorder = Recorder(shelf.store)
    noted = hits(5_000)
    for hit in noted:
        recorder.note(hit)

    assert recorder.flush() is False
    shelf.away = False
    recorder.end()
    assert shelf.kept == noted


def test_memory_is_bounded_and_what_is_lost_is_counted():
    shelf = Shelf()
    shelf.away = True
    recorder = Recorder(shelf.store, most_waiting=10)
    for hit in hits(12):
        recorder.note(hit)

    assert (recorder.waiting, recorder.lost) == (10, 2)
    shelf.away = False
    recorder.end()
    assert len(shelf.kept) == 10
