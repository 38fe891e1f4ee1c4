"""How many automatic messages are in doubt at once."""

import threading
import time

from outbound import doubt
from outbound.doubt import Places, Turn


def test_a_place_is_given_to_one_at_a_time():
    places = Places(1)
    first = places.take()
    got: list[int | None] = []
    waiter = threading.Thread(target=lambda: got.append(places.take()))
    waiter.start()
    waiter.join(0.1)
    assert (first, got) == (0, [])

    places.give(0, rest=0)
    waiter.join(30)

    assert got == [0]


def test_the_place_rests_in_proportion_to_what_the_server_took():
    places = Places(1)
    turn = Turn(places)
    turn.begin()
    turn.handing_over()
    time.sleep(0.05)
    turn.end()
    turn.end()
    began = time.monotonic()

    assert places.take() == 0
    assert time.monotonic() - began >= 0.05


def test_a_server_that_never_answers_does_not_hold_up_the_others_for_ever(monkeypatch):
    monkeypatch.setattr(doubt, "PATIENCE", 0.05)
    places = Places(1)
    places.take()

    assert places.take() is None


def test_what_people_approved_waits_for_no_place(settings):
    settings.AUTOMATIC_AT_ONCE = 1
    doubt._places.cache_clear()
    turns = [doubt.turn(by_person=True) for _ in range(3)]
    began = time.monotonic()
    for turn in turns:
        turn.begin()

    assert time.monotonic() - began < doubt.PATIENCE


def test_there_may_be_no_limit(settings):
    settings.AUTOMATIC_AT_ONCE = 0
    doubt._places.cache_clear()
    began = time.monotonic()
    for _ in range(3):
        doubt.turn(by_person=False).begin()

    assert time.monotonic() - began < doubt.PATIENCE
    doubt._places.cache_clear()
