"""What a message is told with besides its own row: its attachments and deliveries.

One statement for each, written out: asked for every page of mail, where the ORM spent more time
on building them, and objects from their rows, than the database on answering.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection

from inboxes.models import Message

Row = TypeVar("Row", bound="ToldAttachment | ToldDelivery")

# As they stand in their message: part 1.10 comes after part 1.9.
_ATTACHMENTS = """
SELECT message_id, id, filename, content_type, size, content_id, inline
FROM inboxes_attachment WHERE message_id = ANY(%s)
ORDER BY string_to_array(part_path, '.')::integer[], id
"""
_DELIVERIES = """
SELECT message_id, rcpt_to, status, attempts, last_reply,
    CASE WHEN status IN ('queued', 'deferred') THEN next_attempt_at END
FROM outbound_delivery WHERE message_id = ANY(%s) ORDER BY id
"""


class ToldAttachment(NamedTuple):
    message_id: UUID
    id: UUID
    filename: str
    content_type: str
    size: int
    content_id: str
    inline: bool


class ToldDelivery(NamedTuple):
    """`next_attempt_at` is None when no attempt is due."""

    message_id: UUID
    rcpt_to: str
    status: str
    attempts: int
    last_reply: str
    next_attempt_at: datetime | None


def in_full(messages: Sequence[Message]) -> Sequence[Message]:
    """The same messages, with `told_attachments` and `told_deliveries`. Two queries in all."""
    ids = [message.pk for message in messages]
    attachments = _by_message(ToldAttachment, _ATTACHMENTS, ids)
    deliveries = _by_message(ToldDelivery, _DELIVERIES, ids)
    for message in messages:
        vars(message)["told_attachments"] = attachments.get(message.pk, [])
        vars(message)["told_deliveries"] = deliveries.get(message.pk, [])
    return messages


def _by_message(kind: type[Row], statement: str, ids: list[UUID]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(statement, [ids])
        for row in cursor.fetchall():
            found[row[0]].append(kind(*row))
    return found
