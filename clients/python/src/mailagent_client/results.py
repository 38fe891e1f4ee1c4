# ruff: noqa: N815 (the names are those on the wire)
"""What the API answers: the JSON as it came. Fields that are not named here are kept as well."""

from typing import Any, Literal, NotRequired, TypedDict

Metadata = dict[str, Any]
Permission = Literal["read", "draft", "send", "manage"]
ReviewMode = Literal["off", "policy", "required"]


class InboxAddress(TypedDict):
    address: str
    isPrimary: bool


class Imap(TypedDict):
    host: str
    port: int
    tls: bool
    username: str


class Smtp(TypedDict):
    host: str
    port: int
    starttls: bool
    username: str


class Inbox(TypedDict):
    id: str
    email: str
    canonicalEmail: str
    username: str
    domain: str
    displayName: str
    workspaceId: str
    status: Literal["active", "paused"]
    reviewMode: ReviewMode
    trackOpens: bool
    trackClicks: bool
    firstContactGuard: bool
    holdSeconds: int
    signature: str
    addresses: list[InboxAddress]
    imap: Imap
    smtp: Smtp
    metadata: Metadata
    createdAt: str
    updatedAt: str


class OpenedInbox(Inbox):
    """The secrets are there when the inbox is new, and never again."""

    existed: NotRequired[bool]
    apiKey: NotRequired[str]
    imapPassword: NotRequired[str]


class Attachment(TypedDict):
    id: str
    filename: str
    contentType: str
    sizeBytes: int
    contentId: str
    inline: bool


class Delivery(TypedDict):
    address: str
    status: str
    attempts: int
    lastReply: str
    nextAttemptAt: str | None


class Authentication(TypedDict):
    spf: str | None
    dkim: str | None
    dmarc: str | None
    arc: str | None
    aligned: bool | None
    details: dict[str, Any] | None


# `from` is a word of Python's: the class syntax does not take it.
_Sender = TypedDict("_Sender", {"from": str})


class MessageItem(_Sender):
    """A message in a list: without bodies."""

    id: str
    inboxId: str
    threadId: str
    direction: Literal["inbound", "outbound"]
    status: str
    fromAddress: str
    fromName: str
    to: str
    toAddresses: list[str]
    cc: list[str]
    bcc: list[str]
    replyTo: list[str]
    subject: str
    preview: str
    isRead: bool
    labels: list[str]
    messageIdHeader: str
    inReplyTo: str
    references: list[str]
    receivedAt: str | None
    sentAt: str | None
    createdAt: str
    size: int
    authentication: Authentication
    isAutomated: bool
    warnings: list[str]
    metadata: Metadata
    attachments: list[Attachment]
    deliveries: list[Delivery]


class Message(MessageItem):
    plainBody: str
    htmlBody: str
    replyText: str
    visibleText: str


class ThreadItem(TypedDict):
    """A conversation in a list: without its messages."""

    id: str
    threadId: str
    inboxId: str
    subject: str
    status: Literal["open", "waiting", "resolved"]
    category: str
    messageCount: int
    unreadCount: int
    participants: list[str]
    labels: list[str]
    preview: str
    lastMessageAt: str
    createdAt: str


class Thread(ThreadItem):
    """The whole conversation, oldest message first."""

    messages: list[Message]


class Draft(TypedDict):
    id: str
    inboxId: str
    threadId: str | None
    to: list[str]
    cc: list[str]
    bcc: list[str]
    replyTo: list[str]
    subject: str
    plainBody: str
    htmlBody: str
    headers: dict[str, str]
    replyToMessageId: str | None
    metadata: Metadata
    category: str
    confidence: float | None
    agent: dict[str, str]
    status: str
    version: int
    revision: int
    contentHash: str
    stale: bool
    reviewReason: str
    createdBy: str
    decidedBy: str
    decidedAt: str | None
    feedback: str
    holdUntil: str | None
    sendAt: str | None
    expiresIn: int | None
    messageId: str | None
    attachments: list[Attachment]
    createdAt: str
    updatedAt: str


class Outcome(TypedDict):
    """What became of asking to send; `pending_review` waits for a person."""

    id: str
    threadId: str | None
    status: str
    messageId: str | None
    draftId: str


class Revision(TypedDict):
    id: str
    sequence: int
    parentId: str | None
    author: str
    subject: str
    plainBody: str
    htmlBody: str
    contentHash: str
    offered: bool
    diff: str
    createdAt: str


class Decision(TypedDict):
    id: str
    kind: str
    decidedBy: str
    revision: int
    words: str
    reasons: list[str]
    diff: str
    createdAt: str


class DnsRecord(TypedDict):
    type: str
    host: str
    name: str
    value: str
    priority: int | None
    purpose: str
    status: str
    found: Any


class Domain(TypedDict):
    domain: Any  # the same, wrapped
    workspaceId: str
    status: Literal["pending", "verifying", "verified", "failed"]
    inboundEnabled: bool
    outboundEnabled: bool
    dnsRecords: list[DnsRecord]
    existed: NotRequired[bool]
    checkedAt: str | None
    failingSince: str | None
    createdAt: str


class Webhook(TypedDict):
    """The secret is there when the endpoint is new or its secret was changed, and never again."""

    id: str
    url: str
    events: list[str]
    workspaceId: str
    inboxId: str | None
    ordered: bool
    includeSpam: bool
    isActive: bool
    disabledReason: str
    failingSince: str | None
    lastSuccessAt: str | None
    secret: NotRequired[str]
    createdAt: str
    createdBy: str


class WebhookDelivery(TypedDict):
    """One event for one endpoint; `body` and `attemptLog` when it is asked for by itself."""

    id: str
    webhookId: str
    event: str
    eventId: str
    status: str
    attempts: int
    nextAttemptAt: str | None
    createdAt: str
    endedAt: str | None
    lastAttempt: dict[str, Any] | None
    body: NotRequired[str]
    attemptLog: NotRequired[list[dict[str, Any]]]


class Suppression(TypedDict):
    address: str
    reason: str
    createdAt: str
    expiresAt: NotRequired[str | None]


class Workspace(TypedDict):
    id: str
    name: str
    automaticSending: bool
    createdAt: str


class Key(TypedDict):
    """A key, without the key itself."""

    id: str
    kind: str
    name: str
    hint: str
    permissions: list[Permission]
    workspaceId: str
    inboxId: str | None
    createdBy: str
    createdAt: str
    expiresAt: str | None
    revokedAt: str | None
    lastUsedAt: str | None


class NewKey(Key):
    """`key` is shown this once."""

    key: str


class Me(TypedDict):
    """What the key is."""

    id: str
    kind: Literal["installation", "workspace", "inbox"]
    name: str
    permissions: list[Permission]
    workspaceId: str | None
    inboxId: str | None
    email: str | None
    createdAt: str
    expiresAt: str | None
    lastUsedAt: str | None


class AddressList(TypedDict):
    """A named group of addresses."""

    id: str
    name: str


class ListEntry(TypedDict):
    address: str


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
    plainBody: NotRequired[str | None]
    htmlBody: NotRequired[str | None]
    replyText: NotRequired[str | None]


class MessageOfFrame(_Sender):
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
