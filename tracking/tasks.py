"""What beat asks for now and then."""

from celery import shared_task
from django.utils import timezone

from tracking import hits, provider_reports

MOST_ROUNDS = 20


@shared_task(acks_late=True, ignore_result=True)
def settle_hits() -> None:
    """Grade opens and clicks for good, and tell of them."""
    for _ in range(MOST_ROUNDS):
        if hits.settle() < hits.SETTLED_AT_ONCE:
            return


@shared_task(acks_late=True, ignore_result=True)
def forget_sources() -> None:
    """Where a month-old hit came from is nobody's business any more, and no provider repeats
    itself after so long."""
    provider_reports.forget_old(timezone.now())
    for _ in range(MOST_ROUNDS):
        if hits.forget_sources(timezone.now()) < hits.FORGOTTEN_AT_ONCE:
            return
