"""What Celery does for the log."""

from celery import shared_task
from django.utils import timezone

from events import log
from events.webhooks import keeping


@shared_task(ignore_result=True)
def prune() -> None:
    """Drop events older than the log is kept, and webhook deliveries a day older than that. May
    run twice, or never for a while."""
    now = timezone.now()
    log.prune(now)
    keeping.prune(now)
