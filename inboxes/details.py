"""The bodies that event frames and webhooks carry, fetched for many messages at once."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from inboxes.models import Message


def message_details(message_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """`plain_body`, `html_body` and `reply_text` by message id; gone messages are left out."""
    rows = Message.objects.filter(pk__in=message_ids).values(
        "id", "plain_body", "html_body", "reply_text"
    )
    return {row.pop("id"): dict(row) for row in rows}
