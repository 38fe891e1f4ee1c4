"""What beat asks for now and then."""

from celery import shared_task
from django.utils import timezone

from inboxes.arrival import REMEMBERED
from inboxes.models import Arrival


@shared_task(acks_late=True, ignore_result=True)
def prune_arrivals() -> None:
    """Forget arrivals that are too old to be a retry."""
    Arrival.objects.filter(at__lt=timezone.now() - REMEMBERED).delete()
