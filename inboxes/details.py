"""The bodies that event frames and webhooks carry, fetched for many messages at once."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from inboxes.models import Inbox, Message


def message_details(message_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """`plain_body`, `html_body` and `reply_text` by message id; gone messages are left out."""
    rows = Message.objects.filter(pk__in=message_ids).values_list(
        "id", "plain_body", "html_body", "reply_text"
    )
    return {
        message_id: {"plain_body": plain_body, "html_body": html_body, "reply_text": reply_text}
        for message_id, plain_body, html_body, reply_text in rows
    }


def inbox_details(inbox_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """`workspace_id` by inbox id: whose it is, for those who ask to hear of it."""
    rows = Inbox.objects.filter(pk__in=inbox_ids).values_list("id", "workspace_id")
    return {inbox_id: {"workspace_id": workspace_id} for inbox_id, workspace_id in rows}
