"""What the deliveries of a message make of the message."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone

from events.log import emit
from events.models import EventType
from inboxes.models import Message
from outbound import notices
from outbound.models import Delivery

Status = Delivery.Status
_ENDS: dict[str, notices.Kind] = {
    Message.Status.SENT: "sent",
    Message.Status.PARTLY_SENT: "partly_sent",
    Message.Status.FAILED: "failed",
    Message.Status.UNCERTAIN: "uncertain",
}


def status_of(deliveries: Counter[str]) -> Message.Status:
    """The message's status for so many deliveries of each status."""
    if deliveries[Status.UNCERTAIN]:
        return Message.Status.UNCERTAIN
    if deliveries[Status.SENDING] or deliveries[Status.DEFERRED] or deliveries[Status.QUEUED]:
        return Message.Status.SENDING
    failed = deliveries[Status.FAILED] + deliveries[Status.SUPPRESSED]
    if deliveries[Status.SENT]:
        return Message.Status.PARTLY_SENT if failed else Message.Status.SENT
    return Message.Status.FAILED if failed else Message.Status.CANCELLED


def settle_message(message_id: UUID) -> None:
    """Bring the message's status up to its deliveries', and tell those above of an end.

    Inside the caller's transaction; the message's row lock puts several settlers in order.
    """
    locked = Message.objects.select_for_update(of=("self",), no_key=True)
    message = locked.only("id", "status", "sent_at").get(pk=message_id)
    found = Counter(Delivery.objects.filter(message=message).values_list("status", flat=True))
    status = status_of(found)
    if status == message.status:
        return
    message.status = status
    if status in (Message.Status.SENT, Message.Status.PARTLY_SENT):
        message.sent_at = timezone.now()
    message.save(update_fields=["status", "sent_at"])
    if status in _ENDS:
        notices.tell(message.pk, _ENDS[status])


def tell_event(event: EventType, deliveries: Sequence[Delivery]) -> None:
    """One event about deliveries of a message of ours: `recipients` names those it is about."""
    message = deliveries[0].message
    emit(
        event,
        workspace_id=message.inbox.workspace_id,
        inbox_id=message.inbox_id,
        thread_id=message.thread_id,
        message_id=message.pk,
        payload={
            "from": message.header_from,
            "to": [each["address"] for each in message.to],
            "subject": message.subject,
            "timestamp": (message.date or message.created_at).isoformat(),
            "attachments": [],
            "thread_subject": message.thread.subject,
            "recipients": [delivery.rcpt_to for delivery in deliveries],
            "last_reply": deliveries[0].last_reply,
        },
    )
