"""What beat asks for now and then."""

from celery import shared_task
from django.utils import timezone

from accounts.models import IdempotentCall


@shared_task(acks_late=True, ignore_result=True)
def prune_idempotent_calls() -> None:
    """Forget first answers that nobody can ask for again."""
    IdempotentCall.objects.filter(expires_at__lte=timezone.now()).delete()
