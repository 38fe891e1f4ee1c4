"""What the deliveries of a message make of the message."""

from collections import Counter
from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import connection
from django.utils import timezone

from events.log import emit_many
from events.models import Event, EventType
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
# In SQL: asked for every message that leaves.
_LOCK = """
    SELECT id, status FROM inboxes_message WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
_COUNT = """
    SELECT message_id, status, count(*)
      FROM outbound_delivery WHERE message_id = ANY(%s) GROUP BY message_id, status
"""
_SETTLE = """
    UPDATE inboxes_message AS message
       SET status = new.status,
           sent_at = coalesce(message.sent_at, CASE WHEN new.has_left THEN now() END)
      FROM unnest(%s::uuid[], %s::text[], %s::boolean[]) AS new (id, status, has_left)
     WHERE message.id = new.id
"""
_LEFT = (Message.Status.SENT, Message.Status.PARTLY_SENT)
Told = tuple[EventType, Sequence[Delivery]]  # an event, and the deliveries of a message it is about


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
    """`settle_messages` for one."""
    settle_messages([message_id])


def settle_messages(message_ids: Collection[UUID]) -> None:
    """Bring the messages' status up to their deliveries', and tell those above of an end.

    Inside the caller's transaction; the messages' row locks, taken in the order of their ids, put
    several settlers in order.
    """
    found: dict[UUID, Counter[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [list(message_ids)])
        present: dict[UUID, str] = dict(cursor.fetchall())
        # Only now: those who were before us have committed what became of their deliveries.
        cursor.execute(_COUNT, [list(present)])
        for pk, status, count in cursor.fetchall():
            found.setdefault(pk, Counter())[status] = count
        ends = {pk: status_of(counted) for pk, counted in found.items()}
        changed = {pk: end for pk, end in ends.items() if end != present[pk]}
        if changed:
            statuses = [str(end) for end in changed.values()]
            left = [end in _LEFT for end in changed.values()]
            cursor.execute(_SETTLE, [list(changed), statuses, left])
    if told := [notices.Notice(pk, _ENDS[end]) for pk, end in changed.items() if end in _ENDS]:
        notices.tell(told)


def tell_event(event: EventType, deliveries: Sequence[Delivery]) -> None:
    """One event about deliveries of a message of ours."""
    tell_events([(event, deliveries)])


def tell_events(told: Sequence[Told]) -> None:
    """Events about deliveries of ours: `recipients` names those that each is about."""
    emit_many([_event(event, deliveries) for event, deliveries in told])


def _suppressed(delivery: Delivery) -> dict[str, bool]:
    """Nothing was sent there: no server refused it."""
    return {"suppressed": True} if delivery.status == Status.SUPPRESSED else {}


def _event(event: EventType, deliveries: Sequence[Delivery]) -> Event:
    message = deliveries[0].message
    return Event(
        type=event,
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
            **_suppressed(deliveries[0]),
        },
        created_at=timezone.now(),
    )
