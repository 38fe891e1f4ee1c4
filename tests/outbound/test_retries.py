from datetime import UTC, datetime, timedelta
from itertools import pairwise

from outbound.retries import next_attempt_delay

START = datetime(2026, 3, 1, tzinfo=UTC)


def attempts(jitter: float, give_up_after: timedelta = timedelta(days=5)) -> list[timedelta]:
    """When each attempt is made, counted from the first, for a server that is always away."""
    made, now = [timedelta(0)], START
    while delay := next_attempt_delay(
        len(made), first_attempt_at=START, now=now, jitter=jitter, give_up_after=give_up_after
    ):
        now += delay
        made.append(now - START)
    return made


def test_delays_follow_the_table():
    made = attempts(jitter=0.5)
    delays = [later - earlier for earlier, later in pairwise(made)]

    assert delays[:7] == [timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240)]
    assert set(delays[7:]) == {timedelta(hours=6)}


def test_attempts_end_within_five_days_and_last_beyond_four():
    for jitter in (0.0, 0.3, 1.0):
        assert timedelta(days=4, hours=16) < attempts(jitter)[-1] <= timedelta(days=5)


def test_jitter_spreads_a_delay_by_a_tenth():
    for jitter, seconds in ((0.0, 54), (1.0, 66)):
        delay = next_attempt_delay(1, first_attempt_at=START, now=START, jitter=jitter)
        assert delay == timedelta(seconds=seconds)


def test_a_message_may_ask_to_be_given_up_earlier():
    assert attempts(0.5, give_up_after=timedelta(hours=1))[-1] <= timedelta(hours=1)
