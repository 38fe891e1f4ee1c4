"""One attempt: look the host up, check, sign, post, and record what came of it."""

import logging
import random
import time
from datetime import datetime

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from events import audit, log
from events.frames import name_of
from events.models import EventType
from events.webhooks import posting, signing
from events.webhooks.claims import Claim
from events.webhooks.models import Webhook, WebhookAttempt, WebhookDelivery
from events.webhooks.posting import Answer
from events.webhooks.retries import delay_after, wish_of
from events.webhooks.targets import Refused, Target, Unresolved, addresses_of

logger = logging.getLogger(__name__)
GONE = 410
SUCCESS_NOTED_EVERY = 10.0  # seconds
RECORD_PATIENCE = 30.0  # seconds in which the database may come back
RECORD_AGAIN_AFTER = 0.5
Status = WebhookDelivery.Status


def attempt(claim: Claim) -> None:
    """Post a claimed delivery and record the end, whatever it is."""
    started, began = timezone.now(), time.monotonic()
    headers = _headers(claim, started)
    try:
        answer = _posted(claim, headers)
    except Exception as error:  # A worker's outer loop: what stands behind this must go on.
        logger.exception("webhook delivery %s: broken off", claim.delivery.delivery_id)
        answer = Answer(error=f"broken off on our side: {type(error).__name__}")
    tried = WebhookAttempt(
        delivery=claim.delivery,
        started_at=started,
        milliseconds=round((time.monotonic() - began) * 1000),
        url=claim.webhook.url,
        request_headers=headers,
        status_code=answer.status,
        response_headers=answer.headers,
        response_body=answer.body,
        error=answer.error,
    )
    _record_patiently(claim, tried, answer)


def _headers(claim: Claim, at: datetime) -> dict[str, str]:
    content = claim.delivery.payload.encode()
    secrets = signing.secrets_of(claim.webhook, at)
    event_id = name_of(claim.delivery.event_id)
    return {
        "Content-Type": "application/json",
        "User-Agent": "mailagent/1",
        "Accept-Encoding": "identity",
        **signing.headers(event_id, content, under=secrets, at=at),
    }


def _posted(claim: Claim, headers: dict[str, str]) -> Answer:
    connection.close()  # Nothing is asked of it while the other side thinks.
    try:
        target = Target.of(claim.webhook.url)
        addresses = addresses_of(target, dns=settings.DNS, allowed=settings.WEBHOOK_ALLOW)
    except (Refused, Unresolved) as refusal:
        return Answer(error=str(refusal))
    answer = posting.post(target, addresses, claim.delivery.payload.encode(), headers)
    if answer.status is not None and 300 <= answer.status < 400:
        return Answer(answer.status, answer.headers, answer.body, "redirects are not followed")
    return answer


def _record_patiently(claim: Claim, tried: WebhookAttempt, answer: Answer) -> None:
    """Record; wait for a database that went away: else what was taken would be posted again."""
    until = time.monotonic() + RECORD_PATIENCE
    while True:
        try:
            record(claim, tried, answer)
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            connection.close()
            time.sleep(RECORD_AGAIN_AFTER)
        else:
            return


@transaction.atomic
def record(claim: Claim, tried: WebhookAttempt, answer: Answer) -> None:
    """The attempt, and what follows from it for the delivery and the webhook."""
    now = timezone.now()
    if answer.is_success:
        ours = claim.held().update(status=Status.DELIVERED, lease_until=None, ended_at=now)
        _note_success(claim.webhook, now)
    else:
        ours = _put_off(claim, answer, now)
    if not ours:
        logger.warning("webhook delivery %s: the lease was lost", claim.delivery.delivery_id)
    tried.pk = None
    tried.save(force_insert=True)


def _note_success(webhook: Webhook, now: datetime) -> None:
    noted = webhook.last_success_at
    if (
        webhook.failing_since is None
        and noted
        and ((now - noted).total_seconds() < SUCCESS_NOTED_EVERY)
    ):
        return
    Webhook.objects.filter(pk=webhook.pk).update(last_success_at=now, failing_since=None)


def _put_off(claim: Claim, answer: Answer, now: datetime) -> int:
    """Due again later, or at its end."""
    webhook, delivery = claim.webhook, claim.delivery
    Webhook.objects.filter(pk=webhook.pk, failing_since=None).update(failing_since=now)
    wish = wish_of(answer.headers.get("retry-after"), now)
    delay = delay_after(delivery.attempts, jitter=random.random(), wish=wish)  # noqa: S311
    if answer.status != GONE and delay is not None:
        return claim.held().update(
            status=Status.PENDING, lease_until=None, next_attempt_at=now + delay
        )
    ours = claim.held().update(status=Status.FAILED, lease_until=None, ended_at=now)
    if ours and answer.status == GONE:
        disable(webhook, "The endpoint answered 410 Gone.")
    elif ours and not _took_anything_since(webhook, delivery.first_attempt_at):
        disable(webhook, "The endpoint has taken nothing for days.")
    return ours


def _took_anything_since(webhook: Webhook, moment: datetime | None) -> bool:
    since = Q() if moment is None else Q(last_success_at__gte=moment)
    return Webhook.objects.filter(since, pk=webhook.pk, last_success_at__isnull=False).exists()


def disable(webhook: Webhook, reason: str) -> None:
    """Switch it off, on record, and tell. What is queued waits until it is switched on again."""
    active = Webhook.objects.filter(pk=webhook.pk, is_active=True)
    if not active.update(is_active=False, disabled_reason=reason):
        return
    log.emit(
        EventType.WEBHOOK_DISABLED,
        workspace_id=webhook.workspace_id,
        inbox_id=webhook.inbox_id,
        payload={"webhook_id": str(webhook.pk), "reason": reason},
    )
    audit.record(
        webhook.workspace_id,
        actor="system",
        action="webhook.disable",
        subject=f"webhook:{webhook.pk}",
        details={"reason": reason},
    )
