"""Wake-up calls. Each may come twice, late or never, and nothing is lost."""

import time
from uuid import UUID

from celery import shared_task

from outbound import attempts, claims, domains, stopping, sweeping

DRAIN_SECONDS = 60.0
DRAINERS = 4
CHECK_SECONDS = 60.0
STALE_AFTER = 5.0  # seconds; by then there has been another sweep


@shared_task
def attempt_deliveries(message_id: str, rcpt_domain: str) -> None:
    """Attempt what is due of one message for one domain. `claim` lets a single worker through."""
    if stopping.is_asked():
        return
    if claimed := claims.claim(UUID(message_id), rcpt_domain):
        attempts.attempt(claimed)


@shared_task
def drain() -> None:
    """Attempt whatever is due, longest first, for a while."""
    end = time.monotonic() + DRAIN_SECONDS
    while not stopping.is_asked() and time.monotonic() < end:
        claimed = claims.claim_next()
        if claimed is None:
            return
        attempts.attempt(claimed)


@shared_task
def sweep() -> None:
    """Find what a lost hint or a dead worker left behind."""
    sweeping.release_expired()
    if sweeping.something_is_due():
        for _ in range(DRAINERS):
            # Where all threads are busy, wake-up calls would only pile up.
            drain.apply_async(expires=STALE_AFTER)


@shared_task
def check_domains() -> None:
    """Ask the DNS about the domains whose turn it is. Any number of workers may do so at once."""
    end = time.monotonic() + CHECK_SECONDS
    while not stopping.is_asked() and time.monotonic() < end and domains.check_next_due():
        pass
