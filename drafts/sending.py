"""Letting a draft out: one transaction from the decision to the queue, and what comes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from drafts import files
from drafts.bodies import signed
from drafts.content import Content, content_of, folded
from drafts.models import Decision, Draft
from drafts.record import SYSTEM, add_decision, change, note
from drafts.refusals import FirstContact, InboxPaused, RecipientSuppressed
from drafts.replies import references_of
from events.errors import Invalid
from events.ids import new_id
from events.models import EventType
from inboxes.addresses import Address
from inboxes.domains import refuse_unverified_sender
from inboxes.models import Inbox, Message, Thread
from inboxes.sent import store_outgoing, take_back
from outbound import queue
from outbound.compose import Outgoing, checked_headers, compose, new_message_id
from outbound.notices import Notice
from outbound.suppression import suppressed
from tracking.marking import keep, mark

Status = Draft.Status


@dataclass(frozen=True, slots=True)
class Permission:
    """Who lets a draft out, in which capacity, and what they had before them."""

    by: str
    unattended: bool
    version: int
    thread_head_id: UUID | None
    policy_version: str = ""
    words: str = ""
    reading_seconds: int | None = None


def release(draft: Draft, permission: Permission) -> tuple[Draft, Message]:
    """Approve, freeze and queue, inside the caller's transaction; the thread is locked.

    Raises InboxPaused, DomainNotVerified, Invalid for what cannot be sent, DraftNotPending and
    VersionConflict.
    """
    refuse_unsendable(draft)
    now = timezone.now()
    message_id = new_id()
    approved = change(
        draft,
        # A policy may let go at once what its agent had not submitted.
        when=[Status.PENDING, Status.COMPOSING] if permission.unattended else [Status.PENDING],
        version=permission.version,
        status=Status.APPROVED,
        decided_by=permission.by,
        decided_at=now,
        hold_until=_hold_until(draft, now),
        # Set before the row it names is there: those who are told of the message know it is ours.
        message_id=message_id,
        review_reason="",
        lease_holder=None,
        lease_until=None,
    )
    add_decision(
        approved,
        Decision.Kind.APPROVE,
        by=permission.by,
        policy_version=permission.policy_version,
        thread_head_id=permission.thread_head_id,
        words=permission.words,
        reading_seconds=permission.reading_seconds,
    )
    message = _freeze(approved, message_id, now, unattended=permission.unattended)
    if approved.thread_id is None:
        Draft.objects.filter(pk=approved.pk).update(thread=message.thread)
    queue.submit(
        message,
        # As written, not folded: the case of a local part is the receiver's (RFC 5321 §2.4).
        [address.addr_spec for address in _content(approved).recipients],
        by_person=not permission.unattended,
        not_before=approved.hold_until or now,
        patience=timedelta(seconds=approved.expires_in) if approved.expires_in else None,
    )
    approved.message, approved.thread = message, message.thread
    note(approved, "approve", by=permission.by, event=EventType.DRAFT_APPROVED)
    return approved, message


def _hold_until(draft: Draft, now: datetime) -> datetime:
    held = now + timedelta(seconds=draft.inbox.hold_seconds)
    return max(held, draft.send_at) if draft.send_at else held


def _freeze(draft: Draft, message_id: UUID, now: datetime, *, unattended: bool) -> Message:
    """Compose the revision that counts, and store the octets that will be sent."""
    inbox = draft.inbox
    content = _content(draft)
    domain = inbox.email.rpartition("@")[2]
    header_message_id = new_message_id(domain)
    try:
        marked = mark(inbox, _outgoing(draft, content, unattended=unattended))
        # RFC 5322 dates have whole seconds.
        raw = compose(
            marked.outgoing, header_message_id=header_message_id, date=now.replace(microsecond=0)
        )
    except ValueError as error:
        raise Invalid(str(error)) from error
    message = store_outgoing(
        inbox,
        draft.thread,
        raw,
        message_id=message_id,
        bcc=content.bcc,
        created_by=draft.created_by,
        unattended=unattended,
        metadata=draft.metadata,
    )
    keep(message, marked.links)
    return message


def _outgoing(draft: Draft, content: Content, *, unattended: bool) -> Outgoing:
    inbox, parent = draft.inbox, draft.reply_to_message
    plain_body, html_body = signed(content.plain_body, content.html_body, inbox.signature)
    return Outgoing(
        header_from=Address(inbox.display_name, inbox.email),
        to=content.to,
        cc=content.cc,
        bcc=content.bcc,
        reply_to=content.reply_to,
        subject=content.subject,
        plain_body=plain_body,
        html_body=html_body,
        in_reply_to=parent.header_message_id if parent else "",
        references=references_of(parent) if parent else (),
        files=files.outgoing_files(draft),
        headers=checked_headers(content.headers),
        auto_submitted=unattended,
    )


def _content(draft: Draft) -> Content:
    return content_of(draft.revision) if draft.revision else Content()


def pull_back(draft: Draft, thread: Thread | None, **fields: Any) -> Draft | None:
    """An approved draft back to pending, its message cancelled; None when a worker was first.

    `thread` is locked by the caller and up to date. The delivery goes before the draft, as in the
    queue, so that no two wait for each other.
    """
    message = draft.message
    if message is None or not queue.withdraw(message):
        return None
    if thread is not None:
        take_back(message, thread)
    pulled = {
        "status": Status.PENDING,
        "decided_by": "",
        "decided_at": None,
        "hold_until": None,
        "message": None,
        **fields,
    }
    return change(draft, when=[Status.APPROVED], **pulled)


def refuse_unsendable(draft: Draft) -> None:
    """Raise InboxPaused, DomainNotVerified, or Invalid when the draft is to nobody."""
    if draft.inbox.status == Inbox.Status.PAUSED:
        raise InboxPaused("This inbox is paused: it receives and drafts, and sends nothing.")
    refuse_unverified_sender(draft.inbox)
    if not _content(draft).recipients:
        raise Invalid.field("to", "Name at least one recipient.")


def suppressed_recipients(draft: Draft) -> list[str]:
    """The folded addresses of the draft that get no mail from this workspace (a flag in review)."""
    return sorted(suppressed(draft.inbox.workspace_id, folded(_content(draft).recipients)))


def refuse_suppressed(draft: Draft) -> None:
    """Raise RecipientSuppressed naming the addresses."""
    if addresses := suppressed_recipients(draft):
        raise RecipientSuppressed(
            f"{', '.join(addresses)}: suppressed; nothing is sent there.", addresses=addresses
        )


def refuse_first_contact(draft: Draft) -> None:
    """Raise FirstContact when the inbox guards against writing to who never wrote to it."""
    if not draft.inbox.first_contact_guard:
        return
    wanted = folded(_content(draft).recipients)
    known = _known_correspondents(draft.inbox, wanted)
    if strangers := [address for address in wanted if address not in known]:
        raise FirstContact(
            f"{', '.join(strangers)}: never wrote to this inbox. Say `verified: true` to write "
            "to them first.",
            addresses=strangers,
        )


def _known_correspondents(inbox: Inbox, wanted: Iterable[str]) -> set[str]:
    inbound = Message.objects.filter(
        inbox=inbox, direction=Message.Direction.INBOUND, header_from__in=list(wanted)
    )
    return set(inbound.values_list("header_from", flat=True).distinct())


# --- What becomes of it ------------------------------------------------------------------------

_FOLLOWS: dict[str, tuple[str, tuple[str, ...], EventType | None]] = {
    "sending": (Status.SENDING, (Status.APPROVED, Status.SEND_FAILED), None),
    "sent": (
        Status.SENT,
        (Status.APPROVED, Status.SENDING, Status.SEND_FAILED),
        EventType.DRAFT_SENT,
    ),
    "partly_sent": (
        Status.SENT,
        (Status.APPROVED, Status.SENDING, Status.SEND_FAILED),
        EventType.DRAFT_SENT,
    ),
    "failed": (
        Status.SEND_FAILED,
        (Status.APPROVED, Status.SENDING),
        EventType.DRAFT_SEND_FAILED,
    ),
}


_DRAFTS_OF = "SELECT id FROM drafts_draft WHERE message_id = ANY(%s)"


def follow(notices: Sequence[Notice]) -> None:
    """Take over what the queue says of drafts' messages, in the queue's own transaction.

    Every draft is changed before the first act is put on record: the chains are locked last.
    """
    # What is uncertain stays `sending` until a person has said what happened.
    kinds = {each.message_id: each.kind for each in notices if each.kind in _FOLLOWS}
    drafts = Draft.objects.filter(pk__in=_drafts_of(kinds)).order_by("pk")
    followed = []
    for draft in drafts:
        assert draft.message_id  # noqa: S101 - it was found by that
        kind = kinds[draft.message_id]
        status, when, event = _FOLLOWS[kind]
        if draft.status in when:
            followed.append((change(draft, when=when, status=status), event, kind))
    for draft, event, kind in sorted(followed, key=lambda each: each[0].inbox.workspace_id):
        partly = kind == "partly_sent"
        facts: dict[str, Any] = {"partly": True} if partly else {}
        note(draft, draft.status.lower(), by=SYSTEM, event=event, **facts)


def _drafts_of(message_ids: Iterable[UUID]) -> list[UUID]:
    """In SQL: asked at every step of every message that leaves, and some have no draft."""
    with connection.cursor() as cursor:
        cursor.execute(_DRAFTS_OF, [list(message_ids)])
        return [pk for (pk,) in cursor.fetchall()]
