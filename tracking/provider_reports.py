"""What providers report of our mail, by django-anymail's names: to `bounces`, and to the hits."""

import hashlib
import json
import logging
from datetime import datetime, timedelta
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db import transaction
from django.utils import timezone

from inboxes.addresses import fold_address
from outbound import queue
from outbound.esp_transport import REFERENCE
from outbound.models import Delivery, DomainTransport, ProviderMessage, ProviderReport
from tracking import bounces, hits
from tracking.models import Hit
from tracking.report_classes import class_of, kind_of, reply_code_in, status_in
from tracking.reports import WORDS_LIMIT, Kind

logger = logging.getLogger(__name__)
REMEMBERED = timedelta(days=30)
FORGOTTEN_AT_ONCE = 50_000
_CAME_BACK = (EventType.BOUNCED, EventType.REJECTED, EventType.FAILED)
# Reports that only somebody can make who has taken the message.
_TAKEN = frozenset(
    (
        *(EventType.QUEUED, EventType.SENT, EventType.DEFERRED, EventType.DELIVERED),
        *(EventType.OPENED, EventType.CLICKED, EventType.COMPLAINED),
    )
)
# How providers call a refusal for good, beyond what the words of the server say.
_HARD_NAMES = frozenset({"hardbounce", "hard_bounce", "hard_bounced", "invalid_email"})
_NAMED_IN = ("Type", "event", "type", "error_related_to")


@transaction.atomic
def take(transport: DomainTransport, event: AnymailTrackingEvent) -> bool:
    """Do what follows from a report whose signature was verified. False: nothing does; it was
    heard before, or is about nothing that this domain sent."""
    delivery = _delivery(transport, event)
    if delivery is None:
        logger.info("transport %s: a report about nothing of ours", transport.pk)
        return False
    _, is_new = ProviderReport.objects.get_or_create(transport=transport, digest=_digest(event))
    if not is_new:
        return False
    if event.event_type in _TAKEN and delivery.status == Delivery.Status.UNCERTAIN:
        queue.mark_arrived(delivery, by=f"provider:{transport.kind}")
    return _follow(transport.kind, delivery, event)


def forget_old(now: datetime) -> int:
    """Forget which reports were heard a month ago; how many."""
    old = ProviderReport.objects.filter(at__lt=now - REMEMBERED).order_by("at").values("pk")
    return ProviderReport.objects.filter(pk__in=old[:FORGOTTEN_AT_ONCE]).delete()[0]


def _delivery(transport: DomainTransport, event: AnymailTrackingEvent) -> Delivery | None:
    """By the provider's id, else by ours that it gives back; never another workspace's."""
    ours = Delivery.objects.filter(message__inbox__workspace_id=transport.domain.workspace_id)
    known = ProviderMessage.objects.filter(
        domain_id=transport.domain_id, remote_id=str(event.message_id or "")[:255]
    )
    found = list(ours.filter(pk__in=known.values("delivery_id")).order_by("pk")[:500])
    reference = str((event.metadata or {}).get(REFERENCE, ""))
    if not found and _is_uuid(reference):
        found = list(ours.filter(message_id=reference).order_by("pk")[:500])
    recipient = fold_address(str(event.recipient or ""))
    of_recipient = [each for each in found if fold_address(each.rcpt_to) == recipient]
    if of_recipient:
        return of_recipient[0]
    return found[0] if len(found) == 1 and not recipient else None


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and text.replace("-", "").isalnum() and text.count("-") == 4


def _follow(kind: str, delivery: Delivery, event: AnymailTrackingEvent) -> bool:
    words = _words(event)
    if event.event_type in _CAME_BACK:
        return _came_back(kind, delivery, event, words)
    if event.event_type == EventType.COMPLAINED:
        return bounces.note_complaint(delivery, source=kind)
    if event.event_type == EventType.DEFERRED:
        return bounces.note_delay(delivery, words=words, source=kind)
    if event.event_type == EventType.DELIVERED:
        return bounces.note_delivered(delivery, words=words, source=kind)
    return _hit(kind, delivery, event)


def _came_back(kind: str, delivery: Delivery, event: AnymailTrackingEvent, words: str) -> bool:
    status = status_in(words)
    why = class_of(words, status)
    return bounces.note_bounce(
        delivery,
        hard=kind_of(why, temporary=False) is Kind.HARD or _says_hard(event),
        words=words,
        why=why,
        status=status,
        reply_code=reply_code_in(words),
        source=kind,
    )


def _says_hard(event: AnymailTrackingEvent) -> bool:
    if event.event_type == EventType.BOUNCED and event.reject_reason == RejectReason.INVALID:
        return True
    if not isinstance(event.esp_event, dict):
        return False
    bounce = event.esp_event.get("bounce")  # Amazon's
    if isinstance(bounce, dict) and bounce.get("bounceType") == "Permanent":
        return True
    named = {str(event.esp_event.get(name, "")).lower() for name in _NAMED_IN}
    return bool(named & _HARD_NAMES)


def _words(event: AnymailTrackingEvent) -> str:
    """The server's words, where the provider passes them on, else the provider's own."""
    said = str(event.mta_response or event.description or "").replace("\0", "")
    return " ".join(said.split())[:WORDS_LIMIT]


def _hit(kind: str, delivery: Delivery, event: AnymailTrackingEvent) -> bool:
    """Opens and clicks, where the inbox wants them counted."""
    inbox = delivery.message.inbox
    if event.event_type == EventType.OPENED and inbox.track_opens:
        hit = Hit.Kind.OPEN
    elif event.event_type == EventType.CLICKED and inbox.track_clicks:
        hit = Hit.Kind.CLICK
    else:
        return False
    return hits.record_report(
        delivery.message,
        hit,
        report=f"{kind}:{_digest(event).hex()}",
        at=event.timestamp or timezone.now(),
        url=str(event.click_url or ""),
        agent=str(event.user_agent or ""),
    )


def _digest(event: AnymailTrackingEvent) -> bytes:
    """What makes two reports the same: the provider's name for it, else all that it says."""
    raw: Any = event.esp_event
    said = event.event_id or json.dumps(dict(raw) if raw else {}, sort_keys=True, default=str)
    about = [event.event_type, str(event.message_id), str(event.recipient), str(said)]
    return hashlib.sha256(json.dumps(about).encode()).digest()
