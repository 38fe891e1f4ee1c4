"""Claims: a worker takes deliveries under a lease in database time, with a fencing token."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from events.webhooks.models import Webhook, WebhookDelivery

LEASE = timedelta(seconds=60)
# Requests at a time to one endpoint, over all workers. One that fails is asked one thing at a time.
AT_ONCE = 4
Status = WebhookDelivery.Status
_IN_ORDER = ("era", "transaction", "event_number")


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery, ours until the lease ends."""

    webhook: Webhook
    delivery: WebhookDelivery

    def held(self) -> QuerySet[WebhookDelivery]:
        """The row while it is still ours."""
        return WebhookDelivery.objects.filter(
            pk=self.delivery.pk, fence=self.delivery.fence, status=Status.SENDING
        )

    def give_back(self) -> None:
        """Nothing was posted: due again at once, and this attempt does not count."""
        self.held().update(status=Status.PENDING, lease_until=None, attempts=F("attempts") - 1)


def anyone_listens() -> bool:
    """Tell whether there is an active webhook at all."""
    return Webhook.objects.filter(is_active=True).exists()


def due_webhooks() -> list[tuple[UUID, bool]]:
    """Active webhooks that have something due, and whether each is failing at present."""
    due = WebhookDelivery.objects.filter(
        webhook=OuterRef("pk"), status=Status.PENDING, next_attempt_at__lte=Now()
    )
    rows = Webhook.objects.filter(Exists(due), is_active=True).order_by("last_success_at", "pk")
    return [(pk, failing is not None) for pk, failing in rows.values_list("pk", "failing_since")]


@transaction.atomic
def claim(webhook_id: UUID, *, most: int = AT_ONCE) -> list[Claim]:
    """Take what is due of one webhook, as much as may be under way to it at a time."""
    webhook = (
        Webhook.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(pk=webhook_id, is_active=True)
        .first()
    )
    if webhook is None:
        return []  # Switched off, gone, or another worker is at it.
    now = timezone.now()
    deliveries = _head(webhook) if webhook.ordered else _some(webhook, most)
    WebhookDelivery.objects.filter(pk__in=[each.pk for each in deliveries]).update(
        status=Status.SENDING,
        lease_until=Now() + LEASE,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        first_attempt_at=Coalesce("first_attempt_at", now),
    )
    for each in deliveries:  # As the rows now are: the webhook's lock keeps others away.
        each.fence += 1
        each.attempts += 1
        each.first_attempt_at = each.first_attempt_at or now
    return [Claim(webhook, each) for each in deliveries]


def _head(webhook: Webhook) -> list[WebhookDelivery]:
    """The first that is not finished, if it is due. All others wait for it."""
    unfinished = WebhookDelivery.objects.filter(
        webhook=webhook, status__in=WebhookDelivery.UNFINISHED
    )
    return _due(unfinished.order_by(*_IN_ORDER)[:1])


def _some(webhook: Webhook, most: int) -> list[WebhookDelivery]:
    under_way = WebhookDelivery.objects.filter(webhook=webhook, status=Status.SENDING).count()
    room = min(most, (1 if webhook.failing_since else AT_ONCE) - under_way)
    if room <= 0:
        return []
    due = WebhookDelivery.objects.filter(
        webhook=webhook, status=Status.PENDING, next_attempt_at__lte=Now()
    )
    return _due(due.order_by("next_attempt_at", *_IN_ORDER)[:room])


def _due(chosen: QuerySet[WebhookDelivery]) -> list[WebhookDelivery]:
    rows = WebhookDelivery.objects.filter(
        pk__in=list(chosen.values_list("pk", flat=True)),
        status=Status.PENDING,
        next_attempt_at__lte=Now(),
    )
    return list(rows.select_for_update(no_key=True).order_by("next_attempt_at", *_IN_ORDER))


def release_expired() -> int:
    """What a dead worker held is due again. It may have been posted: its id tells the receiver."""
    expired = WebhookDelivery.objects.filter(status=Status.SENDING, lease_until__lt=Now())
    return expired.update(
        status=Status.PENDING, lease_until=None, fence=F("fence") + 1, next_attempt_at=Now()
    )
