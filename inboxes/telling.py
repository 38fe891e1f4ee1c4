"""What the event log says of a message that came in, of one that goes into or out of Junk, and of a
thread that changed."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from events.log import emit, emit_many
from events.models import Event, EventType
from inboxes import notices
from inboxes.models import Attachment, Message, Thread

_TOLD_RECIPIENTS = 100


def received_event(
    message: Message, attachments: Iterable[Attachment], *, workspace_id: UUID
) -> Event:
    """`message.received`, for `emit_many`. Its thread is loaded."""
    return Event(
        type=EventType.MESSAGE_RECEIVED,
        workspace_id=workspace_id,
        inbox_id=message.inbox_id,
        thread_id=message.thread_id,
        message_id=message.pk,
        payload={
            "from": message.header_from,
            "to": [mailbox["address"] for mailbox in message.to[:_TOLD_RECIPIENTS]],
            "subject": message.subject,
            "timestamp": message.received_at.isoformat() if message.received_at else None,
            "attachments": [_attachment_facts(a) for a in attachments],
            "thread_subject": message.thread.subject,
            **_judgement(message),
        },
        created_at=timezone.now(),
    )


def tell_refiled(message: Message) -> None:
    """Tell that it went into Junk or out of it, in the transaction that moved it, before it is
    filed. Its thread is locked and up to date.

    `thread.updated` is for all: who has heard of the message must know. What came into Junk at
    once was told to nobody who did not ask for junk: when it comes out, it is told as received,
    and as news to those above us.
    """
    workspace_id = message.inbox.workspace_id
    is_news = not message.is_spam and message.trashed_at is None and not was_told(message)
    if is_news:
        notices.tell(message)
        notices.tell_arrivals([message])
    tell_of_message(message, in_junk=message.is_spam, message_labels=message.labels)
    if is_news:
        told = received_event(message, message.attachments.all(), workspace_id=workspace_id)
        emit_many([told])


def tell_of_thread(
    thread: Thread, facts: Mapping[str, Any], *, workspace_id: UUID, message_id: UUID | None = None
) -> None:
    """`thread.updated`: what has changed, in the transaction that changed it."""
    emit(
        EventType.THREAD_UPDATED,
        workspace_id=workspace_id,
        inbox_id=thread.inbox_id,
        thread_id=thread.pk,
        message_id=message_id,
        payload={"thread_subject": thread.subject, **facts},
    )


def tell_of_message(message: Message, **facts: Any) -> None:
    """`thread.updated`: what has changed about one of its messages."""
    tell_of_thread(
        message.thread,
        {"message_id": str(message.pk), **facts},
        workspace_id=message.inbox.workspace_id,
        message_id=message.pk,
    )


def proven(authentication: Mapping[str, Any]) -> dict[str, Any]:
    """The results alone, without the details."""
    return {name: authentication.get(name) for name in ("spf", "dkim", "dmarc", "aligned")}


def was_told(message: Message) -> bool:
    """Tell whether it has ever been elsewhere than in Junk."""
    return bool(message.metadata.get("told"))


def _judgement(message: Message) -> dict[str, Any]:
    """What an agent must know before it believes what it reads."""
    told: dict[str, Any] = {"labels": message.labels, "warnings": message.warnings}
    if message.authentication:
        told["authentication"] = proven(message.authentication)
    if message.is_spam:
        told["spam"] = True
    return told


def _attachment_facts(attachment: Attachment) -> dict[str, Any]:
    return {
        "id": str(attachment.pk),
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "size_bytes": attachment.size,
        "content_id": attachment.content_id,
        "inline": attachment.inline,
    }
