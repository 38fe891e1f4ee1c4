"""What beat asks for now and then."""

from celery import shared_task
from django.utils import timezone

from inboxes.arrival import REMEMBERED
from inboxes.examining import examiner
from inboxes.models import Arrival
from inboxes.second_look import look_again


@shared_task(acks_late=True, ignore_result=True)
def prune_arrivals() -> None:
    """Forget arrivals that are too old to be a retry."""
    Arrival.objects.filter(at__lt=timezone.now() - REMEMBERED).delete()


@shared_task(acks_late=True, ignore_result=True)
def authenticate_later() -> None:
    """Settle who sent what came in while the DNS was silent."""
    look_again(examiner(), timezone.now())
