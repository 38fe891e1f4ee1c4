"""What owners do with webhooks, each deed on record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from events import audit, hints, log
from events.errors import Conflict, Invalid
from events.frames import name_of
from events.ids import new_id
from events.log import Cursor
from events.webhooks import signing
from events.webhooks.feeding import deliveries_for, wanted
from events.webhooks.models import Webhook, WebhookDelivery
from events.webhooks.targets import Refused, Target, Unresolved, addresses_of
from events.wire import moment

MOST_WEBHOOKS = 100
MOST_REPLAYED = 2_000
TEST_EVENT = "webhook.test"
_READ_AT_ONCE = 200
Status = WebhookDelivery.Status


class WebhookInactive(Conflict):
    """It is switched off, so nothing is sent to it."""

    code = "WEBHOOK_INACTIVE"


@dataclass(frozen=True, slots=True)
class Made:
    """A webhook with its secret in clear, to be shown once."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many events were queued again; `following`: there are more after this place."""

    count: int
    following: Cursor | None


def check_url(url: str) -> None:
    """Raise Invalid for a URL that leads nowhere, or where no webhook may go."""
    try:
        addresses_of(Target.of(url), dns=settings.DNS, allowed=settings.WEBHOOK_ALLOW)
    except (Refused, Unresolved) as refusal:
        raise Invalid.field("url", str(refusal)) from refusal


@transaction.atomic
def create(
    workspace_id: UUID,
    *,
    inbox_id: UUID | None,
    url: str,
    events: Sequence[str],
    ordered: bool,
    include_spam: bool = False,
    by: str,
) -> Made:
    """A webhook that is told of everything from now on. Raises Conflict beyond 100 of a
    workspace."""
    if Webhook.objects.filter(workspace_id=workspace_id).count() >= MOST_WEBHOOKS:
        raise Conflict(f"A workspace has at most {MOST_WEBHOOKS} webhooks.")
    secret = signing.new_secret()
    webhook = Webhook.objects.create(
        workspace_id=workspace_id,
        inbox_id=inbox_id,
        url=url,
        events=sorted(set(events)),
        ordered=ordered,
        include_spam=include_spam,
        sealed_secret=signing.seal(secret),
        created_by=by,
    )
    _begin_now(webhook)
    webhook.save(update_fields=["since_era", "since_transaction"])
    _record(webhook, by, "create", events=webhook.events, ordered=ordered)
    return Made(webhook, secret)


def _begin_now(webhook: Webhook) -> None:
    """After the row was written: while that is not committed, no feeder reads past this place."""
    present = log.end()
    webhook.since_era, webhook.since_transaction = present.era, present.transaction


@transaction.atomic
def change(
    webhook: Webhook,
    *,
    by: str,
    url: str | None = None,
    events: Sequence[str] | None = None,
    ordered: bool | None = None,
    include_spam: bool | None = None,
    is_active: bool | None = None,
) -> Webhook:
    """Set what is given. Switched on again, it goes on with what is queued and is told of what
    happens from now on; what it missed in between comes by `replay`."""
    webhook = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    webhook.url = webhook.url if url is None else url
    webhook.events = webhook.events if events is None else sorted(set(events))
    webhook.ordered = webhook.ordered if ordered is None else ordered
    webhook.include_spam = webhook.include_spam if include_spam is None else include_spam
    if is_active is not None and is_active != webhook.is_active:
        webhook.is_active, webhook.disabled_reason = is_active, ""
        if is_active:
            webhook.failing_since = None
            _begin_now(webhook)
    webhook.save()
    _record(webhook, by, "change", events=webhook.events, is_active=webhook.is_active)
    _wake()
    return webhook


@transaction.atomic
def delete(webhook: Webhook, *, by: str) -> None:
    """End it, with its deliveries."""
    _record(webhook, by, "delete")
    webhook.delete()


@transaction.atomic
def rotate_secret(webhook: Webhook, *, by: str) -> Made:
    """A new secret. For 24 hours the one before signs, too."""
    webhook = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    secret = signing.new_secret()
    webhook.sealed_previous_secret = webhook.sealed_secret
    webhook.previous_secret_until = timezone.now() + signing.PREVIOUS_VALID
    webhook.sealed_secret = signing.seal(secret)
    webhook.save(update_fields=["sealed_secret", "sealed_previous_secret", "previous_secret_until"])
    _record(webhook, by, "rotate_secret")
    return Made(webhook, secret)


@transaction.atomic
def send_test(webhook: Webhook) -> WebhookDelivery:
    """Queue an event that tells of nothing. Raises WebhookInactive."""
    _check_active(webhook)
    now, present, event_id = timezone.now(), log.end(), new_id()
    payload = {
        "event": TEST_EVENT,
        "eventId": name_of(event_id),
        "createdAt": moment(now),
        "inboxId": None if webhook.inbox_id is None else str(webhook.inbox_id),
        "webhookId": str(webhook.pk),
    }
    made = WebhookDelivery.objects.create(
        webhook=webhook,
        event_id=event_id,
        event_type=TEST_EVENT,
        era=present.era,
        transaction=present.transaction,
        event_number=0,
        payload=json.dumps(payload, separators=(",", ":")),
    )
    _wake()
    return made


@transaction.atomic
def redeliver(delivery: WebhookDelivery) -> WebhookDelivery:
    """Queue it anew, due at once. Raises WebhookInactive, or Conflict while it is being posted."""
    _check_active(delivery.webhook)
    rows = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(status=Status.SENDING)
    if not _queue_anew(rows):
        raise Conflict("This delivery is being posted right now.")
    _wake()
    delivery.refresh_from_db()
    return delivery


def replay(webhook: Webhook, *, since: datetime | None, after: Cursor | None) -> Replayed:
    """Queue again what happened since a moment, or after a place in the log, at most 2,000
    events. Raises WebhookInactive, CursorExpired."""
    _check_active(webhook)
    where = wanted(webhook)
    if since is not None:
        where &= Q(created_at__gte=since)
    position, count = after or log.oldest(), 0
    while True:
        batch = log.read_whole(position, limit=_READ_AT_ONCE, where=where)
        _replay(webhook, batch)
        position, count = batch.end, count + len(batch.events)
        if not batch.full or count >= MOST_REPLAYED:
            return Replayed(count, position if batch.full else None)


@transaction.atomic
def _replay(webhook: Webhook, batch: log.Batch) -> None:
    rows = deliveries_for(webhook, batch.events, batch.end.era)
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    finished = WebhookDelivery.objects.filter(
        webhook=webhook,
        event_id__in=[event.event_id for event in batch.events],
        status__in=[Status.DELIVERED, Status.FAILED],
    )
    _queue_anew(finished)
    _wake()


def _queue_anew(rows: QuerySet[WebhookDelivery]) -> int:
    return rows.update(
        status=Status.PENDING,
        attempts=0,
        next_attempt_at=timezone.now(),
        first_attempt_at=None,
        ended_at=None,
    )


def _check_active(webhook: Webhook) -> None:
    if not webhook.is_active:
        raise WebhookInactive("This webhook is switched off: set isActive first.")


def _wake() -> None:
    transaction.on_commit(lambda: hints.nudge(), robust=True)


def _record(webhook: Webhook, by: str, deed: str, **details: object) -> None:
    audit.record(
        webhook.workspace_id,
        actor=by,
        action=f"webhook.{deed}",
        subject=f"webhook:{webhook.pk}",
        details=details,
    )
