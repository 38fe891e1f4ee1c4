"""Inboxes and what belongs to them, domains, workspaces, keys."""

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
    imap: Imap | None
    smtp: Smtp | None
    metadata: Metadata
    createdAt: str
    updatedAt: str


class OpenedInbox(Inbox):
    """The secrets are there when the inbox is new, and never again."""

    existed: NotRequired[bool]
    apiKey: NotRequired[str]
    imapPassword: NotRequired[str]


class Password(TypedDict):
    """For mail clients, shown this once."""

    username: str
    imapPassword: str


class AddressList(TypedDict):
    """A named group of addresses."""

    id: str
    inboxId: str
    name: str
    entryCount: int
    createdAt: str


class ListEntry(TypedDict):
    address: str
    name: str
    createdAt: str


class AddedEntries(TypedDict):
    """The entries that are new."""

    entries: list[ListEntry]


class DnsRecord(TypedDict):
    type: str
    host: str
    name: str
    value: str
    priority: int | None
    purpose: str
    status: str
    found: Any


class DomainFacts(TypedDict):
    """A name of yours: what of it is enabled, and the records to publish."""

    id: str
    workspaceId: str
    status: Literal["pending", "verifying", "verified", "failed"]
    inboundEnabled: bool
    outboundEnabled: bool
    dnsRecords: list[DnsRecord]
    checkedAt: str | None
    failingSince: str | None
    createdAt: str


class DomainItem(DomainFacts):
    domain: str


class Domain(DomainFacts):
    """Flat, and wrapped in `domain` as well, where its name is."""

    domain: DomainItem


class ClaimedDomain(Domain):
    existed: bool


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
