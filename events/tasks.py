"""What Celery does for the log."""

from celery import shared_task
from django.utils import timezone

from events import log


@shared_task(ignore_result=True)
def prune() -> None:
    """Drop events older than the log is kept. May run twice, or never for a while."""
    log.prune(timezone.now())
