# ruff: noqa: N815 (the names are those on the wire)
"""Webhooks and what was posted to them; addresses, and figures."""

from typing import Literal, TypedDict


class Webhook(TypedDict):
    """An address of yours that events are posted to."""

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
    createdAt: str
    createdBy: str


class WebhookWithSecret(Webhook):
    """`secret` is shown this once."""

    secret: str


class AttemptRequest(TypedDict):
    url: str
    headers: dict[str, str]


class AttemptResponse(TypedDict):
    status: int
    headers: dict[str, str]
    body: str


class Attempt(TypedDict):
    """One request to an endpoint, and what came back."""

    startedAt: str
    milliseconds: int
    request: AttemptRequest
    response: AttemptResponse | None
    error: str


class WebhookDelivery(TypedDict):
    """One event for one endpoint."""

    id: str
    webhookId: str
    event: str
    eventId: str
    status: Literal["pending", "sending", "delivered", "failed"]
    attempts: int
    nextAttemptAt: str | None
    createdAt: str
    endedAt: str | None
    lastAttempt: Attempt | None


class WholeDelivery(WebhookDelivery):
    """With what was posted, and every attempt."""

    body: str
    attemptLog: list[Attempt]


class Replayed(TypedDict):
    """How many were taken; `nextCursor` where there are more: ask again `after` it."""

    replayed: int
    nextCursor: str | None


class Suppression(TypedDict):
    """An address that is not written to, and why."""

    id: str
    workspaceId: str
    address: str
    reason: str
    report: str
    createdBy: str
    createdAt: str
    expiresAt: str | None


class Bounce(TypedDict):
    """What another server refused. `hard`: the address is dead."""

    at: str
    kind: Literal["hard", "soft"]
    reason: str
    status: str
    code: int | None
    reply: str
    messageId: str
    inboxId: str


class OutOfOffice(TypedDict):
    """What the last automatic reply said; `backOn` is a date."""

    backOn: str | None
    writeTo: list[str]
    words: str
    toldAt: str
    messageId: str


class ContactThread(TypedDict):
    threadId: str
    inboxId: str
    subject: str
    status: str
    lastMessageAt: str


class Contact(TypedDict):
    """What is known of an address."""

    address: str
    isSuppressed: bool
    suppressions: list[Suppression]
    lastBounce: Bounce | None
    complaint: Suppression | None
    outOfOffice: OutOfOffice | None
    opens: int | None
    received: int
    sent: int
    lastReceivedAt: str | None
    lastSentAt: str | None
    threads: list[ContactThread]


class Waiting(TypedDict):
    """Seconds from a draft to its decision."""

    mean: float | None
    median: float | None
    p90: float | None


class ReviewFigures(TypedDict):
    approved: int
    rejected: int
    changesRequested: int
    noReplyNeeded: int
    undone: int
    automatic: int
    editedShare: float | None
    waitingSeconds: Waiting


class HitGrades(TypedDict):
    """Messages by who it looks to have been that opened or clicked."""

    human: int
    proxy: int
    scanner: int


# `from` is a word of Python's: the class syntax does not take it.
_Span = TypedDict("_Span", {"from": str, "to": str})


class Metrics(_Span):
    sent: int
    received: int
    bounced: int
    suppressed: int
    complained: int
    opened: int
    clicked: int
    openedBy: HitGrades
    clickedBy: HitGrades
    review: ReviewFigures
