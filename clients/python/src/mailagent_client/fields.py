"""What the API takes, by keyword. Left out is left alone; None is told as null."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict

from mailagent_client.results import Metadata, Permission, ReviewMode

Recipients = str | Sequence[str]
Reason = Literal["manual", "bounce", "complaint", "unsubscribe"]


class NewFile(TypedDict, total=False):
    """A file in a JSON body, in the wire's words. `content` is base64."""

    filename: str
    contentType: str
    content: str
    contentId: str
    inline: bool


class Agent(TypedDict, total=False):
    """Who wrote a draft."""

    name: str
    version: str
    model: str


class Creating(TypedDict, total=False):
    # The same key with the same call answers what the first answered. Made up if left out.
    idempotency_key: str


class Naming(Creating, total=False):
    # Your name for what is made. What was made under it once is answered again, for good.
    client_id: str


class NewInbox(Naming, total=False):
    username: str
    domain: str
    display_name: str
    workspace_id: str
    metadata: Metadata
    review_mode: ReviewMode


class InboxPatch(TypedDict, total=False):
    display_name: str
    metadata: Metadata
    status: Literal["active", "paused"]
    review_mode: ReviewMode
    track_opens: bool
    track_clicks: bool
    hold_seconds: int
    signature: str
    first_contact_guard: bool


class NewAddress(Naming, total=False):
    primary: bool


class _Mail(TypedDict, total=False):
    to: Recipients | None
    cc: Recipients | None
    bcc: Recipients | None
    reply_to: Recipients | None
    subject: str | None
    plain_body: str | None
    html_body: str | None
    headers: dict[str, str] | None
    metadata: Metadata | None
    category: str | None
    confidence: float | None
    send_at: datetime | str | None
    expires_in: int | None


class _NewMail(_Mail, Naming, total=False):
    attachments: Sequence[NewFile]
    agent: Agent | str
    prompt: Sequence[dict[str, Any]]


class Mail(_NewMail, total=False):
    """A mail to send, or the parts of a reply that are not to be filled in."""

    verified: bool


class NewDraft(_NewMail, total=False):
    reply_to_message_id: str
    submit: bool


class IfMatch(TypedDict, total=False):
    if_match: int  # the draft's version as you saw it


class DraftPatch(_Mail, IfMatch, total=False):
    pass


class DraftStep(IfMatch, Creating, total=False):
    pass


class NewFileOfDraft(IfMatch, Naming, total=False):
    pass


class Asking(DraftStep, total=False):
    force: bool
    verified: bool


class Paging(TypedDict, total=False):
    limit: int
    offset: int


class CursorPaging(Paging, total=False):
    cursor: str


class MessageFilter(CursorPaging, total=False):
    direction: Literal["inbound", "outbound"]
    thread_id: str
    unread: bool
    from_: str
    to: str
    label: str
    since: datetime | str
    until: datetime | str
    q: str
    include_spam: bool


class MessagePatch(TypedDict, total=False):
    is_read: bool
    add_labels: Sequence[str]
    remove_labels: Sequence[str]


class Split(Creating, total=False):
    from_message_id: str
    thread_id_: str


class ThreadFilter(CursorPaging, total=False):
    status: Literal["open", "waiting", "resolved"]
    category: str
    label: str
    participant: str
    since: datetime | str
    q: str


class ThreadPatch(TypedDict, total=False):
    status: Literal["open", "waiting", "resolved"]
    category: str
    add_labels: Sequence[str]
    remove_labels: Sequence[str]


class DraftFilter(CursorPaging, total=False):
    status: str
    thread_id: str
    category: str


class EventFilter(TypedDict, total=False):
    after: str
    types: Sequence[str]
    inbox_id: str
    limit: int
    include_spam: bool
    include_machines: bool


class NewWebhook(Naming, total=False):
    workspace_id: str
    url: str
    events: Sequence[str]
    inbox_id: str
    ordered: bool
    include_spam: bool


class WebhookPatch(TypedDict, total=False):
    url: str
    events: Sequence[str]
    is_active: bool
    ordered: bool
    include_spam: bool


class NewKey(Naming, total=False):
    name: str
    permissions: Sequence[Permission]
    expires_at: datetime | str


class KeyFilter(Paging, total=False):
    state: str


class Rotation(Creating, total=False):
    overlap_seconds: int


class DeliveryFilter(CursorPaging, total=False):
    status: Literal["pending", "sending", "delivered", "failed"]


class Replay(Creating, total=False):
    since: datetime | str
    after: str


class NewDomain(Naming, total=False):
    workspace_id: str


class DomainFilter(Paging, total=False):
    workspace: str


class WorkspacePatch(TypedDict, total=False):
    name: str
    automatic_sending: bool


class NewWorkspace(Naming, total=False):
    automatic_sending: bool


class InWorkspace(TypedDict, total=False):
    workspace: str  # its UUID; for keys that reach several


class SuppressionFilter(Paging, InWorkspace, total=False):
    address: str
    reason: Reason


class NewSuppression(Naming, total=False):
    reason: Reason
    report: str
    expires_at: datetime | str | None
    workspace_id: str


class MetricsFilter(TypedDict, total=False):
    from_: datetime | str
    to: datetime | str
    workspace: str
    inbox: str
