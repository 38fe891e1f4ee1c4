"""When a webhook that did not take an event is tried again."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# 12 attempts over at least 76 hours.
DELAYS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=30),
)
ATTEMPTS = len(DELAYS) + 1
LONGEST_WISH = timedelta(hours=24)
_SPREAD = 0.1


def delay_after(attempt: int, *, jitter: float, wish: timedelta | None = None) -> timedelta | None:
    """How long to wait after attempt number `attempt` (from 1), or None: that was the last.

    `jitter`, from 0 to 1, lengthens the delay by up to 10 %. `wish` is what the other side asked
    for by Retry-After; it can make the delay longer, and by a day at most.
    """
    if attempt >= ATTEMPTS:
        return None
    delay = DELAYS[max(attempt, 1) - 1] * (1 + _SPREAD * jitter)
    return max(delay, min(wish or delay, LONGEST_WISH))


def wish_of(retry_after: str | None, now: datetime) -> timedelta | None:
    """The Retry-After field, in seconds or as a date (RFC 9110 §10.2.3); None: nothing usable."""
    if not retry_after:
        return None
    written = retry_after.strip()
    if written.isascii() and written.isdigit():
        return timedelta(seconds=min(int(written[:9]), int(LONGEST_WISH.total_seconds())))
    try:
        at = parsedate_to_datetime(written)
    except (ValueError, TypeError, OverflowError):
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta())
