"""How long deliveries are kept: longer than the log, or a replay could not tell what was there."""

from datetime import datetime, timedelta

from events.log import KEPT
from events.webhooks.models import WebhookDelivery

DELIVERIES_KEPT = KEPT + timedelta(days=1)
PRUNED_AT_ONCE = 5_000


def prune(now: datetime) -> int:
    """Delete old deliveries with their attempts; those of webhooks that are switched on only when
    they have ended. Returns how many."""
    old = WebhookDelivery.objects.filter(created_at__lt=now - DELIVERIES_KEPT)
    done = old.exclude(status__in=WebhookDelivery.UNFINISHED, webhook__is_active=True)
    deleted = 0
    while some := list(done.values_list("pk", flat=True)[:PRUNED_AT_ONCE]):
        WebhookDelivery.objects.filter(pk__in=some).delete()
        deleted += len(some)
    return deleted
