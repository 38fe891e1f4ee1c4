# ruff: noqa: N815 (the names are those on the wire)
"""Messages and threads."""

from typing import Literal, TypedDict

from mailagent_client.results.places import Metadata


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


class SpfDetails(TypedDict):
    domain: str
    scope: str
    reason: str


class DkimDetails(TypedDict):
    """One signature."""

    result: str
    domain: str
    selector: str
    algorithm: str
    reason: str
    partial: bool


class ArcDetails(TypedDict):
    sealers: list[str]
    reason: str


class DmarcDetails(TypedDict):
    domain: str
    policyDomain: str
    disposition: str
    alignedBy: str
    reason: str


class AuthenticationDetails(TypedDict):
    """How the results came about, for people."""

    spf: SpfDetails
    dkim: list[DkimDetails]
    arc: ArcDetails
    dmarc: DmarcDetails


class AuthenticationOfEvent(TypedDict):
    """As far as it was known when the message came; None where it was not evaluated."""

    spf: str | None
    dkim: str | None
    dmarc: str | None
    aligned: bool | None


class Authentication(AuthenticationOfEvent):
    arc: str | None
    details: AuthenticationDetails | None


# `from` is a word of Python's: the class syntax does not take it.
Sender = TypedDict("Sender", {"from": str})


class MessageItem(Sender):
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
