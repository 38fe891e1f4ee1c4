"""When a deferred delivery is tried again."""

from datetime import datetime, timedelta

_FIRST_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))
_LATER_DELAY = timedelta(hours=6)
_SPREAD = 0.1
GIVE_UP_AFTER = timedelta(days=5)


def next_attempt_delay(
    attempt: int,
    *,
    first_attempt_at: datetime,
    now: datetime,
    jitter: float,
    give_up_after: timedelta = GIVE_UP_AFTER,
) -> timedelta | None:
    """How long to wait after attempt number `attempt` (from 1), or None: give up.

    `jitter`, from 0 to 1 (random.random()), spreads the delay by 10 % to either side.
    """
    index = max(attempt, 1) - 1
    delay = _FIRST_DELAYS[index] if index < len(_FIRST_DELAYS) else _LATER_DELAY
    delay *= 1 - _SPREAD + 2 * _SPREAD * jitter
    return delay if now + delay <= first_attempt_at + give_up_after else None
