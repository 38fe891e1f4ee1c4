"""What an agent proposed, and what became of it."""

from typing import Literal, NotRequired, TypedDict

from mailagent_client.results.mail import Attachment
from mailagent_client.results.places import Metadata


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
    """What somebody wrote. `diff` is against its parent."""

    id: str
    sequence: int
    parentId: str | None
    author: str
    to: list[str]
    cc: list[str]
    bcc: list[str]
    replyTo: list[str]
    subject: str
    plainBody: str
    htmlBody: str
    htmlDerived: bool
    attachmentIds: list[str]
    contentHash: str
    offered: bool
    diff: NotRequired[str]
    createdAt: str


class Decision(TypedDict):
    """What somebody decided, over which revision."""

    id: str
    kind: Literal["approve", "reject", "no_reply_needed", "request_changes", "undo"]
    decidedBy: str
    policyVersion: str
    revision: int
    contentHash: str
    threadHeadId: str | None
    reasons: list[str]
    words: str
    readingSeconds: int | None
    diff: NotRequired[str]
    createdAt: str
