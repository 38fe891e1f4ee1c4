"""Wake-up calls. Each may come twice, late or never, and nothing is lost."""

import time

from celery import shared_task

from outbound import domains, expiry, reputation, senders, stopping, sweeping, switching

CHECK_SECONDS = 60.0


@shared_task
def attempt_due() -> None:
    """Have this worker's threads attempt whatever is due. Returns at once."""
    if not stopping.is_asked():
        senders.wake()


@shared_task
def sweep() -> None:
    """Find what a lost hint or a dead worker left behind."""
    switching.note_home()
    sweeping.release_expired()
    expiry.report_expired()
    reputation.guard()
    if not stopping.is_asked() and (sweeping.something_is_due() or senders.have_stock()):
        senders.wake()


@shared_task
def check_domains() -> None:
    """Ask the DNS about the domains whose turn it is. Any number of workers may do so at once."""
    end = time.monotonic() + CHECK_SECONDS
    while not stopping.is_asked() and time.monotonic() < end and domains.check_next_due():
        pass
