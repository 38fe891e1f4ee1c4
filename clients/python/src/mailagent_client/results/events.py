"""Events, as they are polled and posted, and as the WebSocket tells them."""

from typing import Any, NotRequired, TypedDict

from mailagent_client.results.mail import Attachment, AuthenticationOfEvent, Sender


class PolledEvent(TypedDict):
    """One event, flat, as polled and as posted to webhooks. More fields depend on its type."""

    event: str
    eventId: str
    createdAt: str
    inboxId: str | None
    messageId: str | None
    threadId: str | None
    draftId: str | None
    cursor: NotRequired[str]
    subject: NotRequired[str | None]
    to: NotRequired[list[str]]
    timestamp: NotRequired[str]
    plainBody: NotRequired[str | None]
    htmlBody: NotRequired[str | None]
    replyText: NotRequired[str | None]
    attachments: NotRequired[list[Attachment]]
    authentication: NotRequired[AuthenticationOfEvent]
    labels: NotRequired[list[str]]
    warnings: NotRequired[list[str]]
    spam: NotRequired[bool]
    truncated: NotRequired[bool]


class MessageOfFrame(Sender):
    inbox_id: str
    message_id: str
    thread_id: str
    to: list[str]
    subject: str
    plain_body: str
    html_body: str
    reply_text: str
    timestamp: str
    attachments: list[dict[str, Any]]
    authentication: NotRequired[AuthenticationOfEvent]
    labels: NotRequired[list[str]]
    warnings: NotRequired[list[str]]
    spam: NotRequired[bool]
    truncated: NotRequired[bool]


class DraftOfFrame(TypedDict):
    inbox_id: str
    draft_id: str
    thread_id: str | None
    message_id: str | None
    status: str
    version: int
    subject: str


class ThreadOfFrame(TypedDict):
    thread_id: str
    subject: str | None


class Event(TypedDict):
    """An event as the WebSocket tells it: `message` with message events, `draft` with draft
    events; the others have their facts under the first word of their type."""

    event_type: str
    event_id: str
    cursor: str
    created_at: str
    message: MessageOfFrame
    draft: DraftOfFrame
    thread: ThreadOfFrame
