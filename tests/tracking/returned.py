"""Mail of ours that left, and what comes back about it by the same door as all mail."""

from datetime import timedelta

from django.utils import timezone

from events.models import Event
from inboxes.arrival import Envelope, deliver
from inboxes.models import Inbox, Message
from inboxes.recipients import find_recipient
from outbound import return_paths
from outbound.models import Delivery
from outbound.settling import settle_message
from tests.outbound.mail import queued


def left(inbox: Inbox, *rcpt_tos: str, days_ago: float = 0) -> Message:
    """A message that the recipients' servers took."""
    message = queued(inbox, *rcpt_tos)
    at = timezone.now() - timedelta(days=days_ago)
    deliveries = Delivery.objects.filter(message=message)
    deliveries.update(status="sent", attempts=1, settled_at=at, created_at=at)
    settle_message(message.pk)
    message.refresh_from_db()
    return message


def signed(message: Message) -> str:
    """The envelope sender of a message's first delivery."""
    delivery = Delivery.objects.filter(message=message).order_by("pk")[0]
    return return_paths.sender_for(delivery.pk, message.inbox.domain)


def come_back(raw: bytes, to: str, *, mail_from: str = "") -> list[Message]:
    """Take in what a server sends to `to`. Raises AssertionError where RCPT would refuse it."""
    recipient = find_recipient(to)
    assert recipient is not None, f"550 {to}"
    return deliver(Envelope(mail_from, (recipient,), timezone.now()), raw)


def told(message: Message) -> list[str]:
    """The events about a message since it left."""
    events = Event.objects.filter(message_id=message.pk).order_by("pk")
    return [each.type for each in events if each.type != "message.received"]


def status_of(message: Message) -> tuple[str, list[str]]:
    message.refresh_from_db()
    rows = Delivery.objects.filter(message=message).order_by("pk")
    return message.status, list(rows.values_list("status", flat=True))
