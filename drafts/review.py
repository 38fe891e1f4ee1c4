"""Deciding on drafts: the deeds of people, and what an agent may ask for.

Each is one transaction around one conditional UPDATE. Who comes second is told who was first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from drafts import policy, sending
from drafts.leases import held_by_person, release_lease, take_lease
from drafts.models import Decision, Draft
from drafts.proposing import create, remove_file, revise, submit, take_offer, withdraw
from drafts.record import (
    add_decision,
    change,
    load,
    load_with_thread,
    note,
    require,
    require_reviewer,
)
from drafts.refusals import (
    DraftAlreadySent,
    DraftNotPending,
    InReview,
    NotOpen,
    ThreadChanged,
    TooLate,
    VersionConflict,
)
from events.errors import Invalid
from events.models import EventType
from inboxes.models import Message

__all__ = [
    "REASONS",
    "SendOutcome",
    "approve",
    "ask_to_send",
    "create",
    "no_reply_needed",
    "reject",
    "release_lease",
    "remove_file",
    "request_changes",
    "revise",
    "submit",
    "take_lease",
    "take_offer",
    "undo",
    "withdraw",
]

Status = Draft.Status
# Reason codes that the dashboard offers; any short code is taken.
REASONS = {
    "wrong_facts": "Facts are wrong",
    "incomplete": "Something is missing",
    "wrong_tone": "Tone",
    "not_understood": "The question was not understood",
    "against_policy": "Against our policy",
    "unknowable": "The agent could not have known this",
    "other": "Other",
}
_MOST_REASONS, _LONGEST_REASON = 20, 60


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What came of asking for a draft to leave."""

    status: str  # the message's: "queued", "sending", "sent"; or "pending_review"
    http_status: int
    draft: Draft
    message: Message | None


@transaction.atomic
def approve(
    draft: Draft,
    *,
    by: Scope,
    version: int | None,
    content_hash: str,
    thread_head_id: UUID | str | None,
    reading_seconds: int | None = None,
    words: str = "",
) -> Draft:
    """Let `draft` out as `by` saw it: that content, on that newest message of the thread.

    It is held for the inbox's hold, and can be undone that long. Raises NotAReviewer for every
    key, DraftNotPending, VersionConflict, ThreadChanged, InboxPaused, Invalid.
    """
    require_reviewer(by, draft)
    present = load_with_thread(draft.pk)
    if present.status != Status.PENDING:
        raise DraftNotPending(present)
    if present.revision is None or present.revision.content_hash != content_hash:
        raise VersionConflict(present)
    head_id = present.thread.head_id if present.thread else None
    if head_id != (UUID(str(thread_head_id)) if thread_head_id else None):
        raise ThreadChanged(present)
    permission = sending.Permission(
        by=by.actor,
        unattended=False,
        version=present.version if version is None else version,
        thread_head_id=head_id,
        words=words,
        reading_seconds=reading_seconds,
    )
    approved, _ = sending.release(present, permission)
    return approved


@transaction.atomic
def reject(
    draft: Draft, *, by: Scope, reasons: Sequence[str] = (), words: str = "", version: int | None
) -> Draft:
    """Close it: this shall not be sent. Needs a reason code or words."""
    _require_reason(reasons, words)
    return _close(
        draft,
        Decision.Kind.REJECT,
        (Status.REJECTED, EventType.DRAFT_REJECTED),
        by=by,
        reasons=reasons,
        words=words,
        version=version,
    )


@transaction.atomic
def no_reply_needed(
    draft: Draft, *, by: Scope, reasons: Sequence[str] = (), words: str = "", version: int | None
) -> Draft:
    """Close it: the customer needs no answer. That is no refusal of what the agent wrote."""
    return _close(
        draft,
        Decision.Kind.NO_REPLY,
        (Status.NO_REPLY_NEEDED, EventType.DRAFT_UPDATED),
        by=by,
        reasons=reasons,
        words=words,
        version=version,
    )


@transaction.atomic
def request_changes(
    draft: Draft, *, by: Scope, reasons: Sequence[str] = (), words: str = "", version: int | None
) -> Draft:
    """Send it back to its agent, saying why; its next revision comes to `by` first."""
    _require_reason(reasons, words)
    return _close(
        draft,
        Decision.Kind.REQUEST_CHANGES,
        (Status.CHANGES_REQUESTED, EventType.DRAFT_CHANGES_REQUESTED),
        by=by,
        reasons=reasons,
        words=words,
        version=version,
        reviewer=by.user,
    )


def _require_reason(reasons: Sequence[str], words: str) -> None:
    if not reasons and not words.strip():
        raise Invalid.field("reasons", "Give a reason code, or say why in words.")


def _close(
    draft: Draft,
    kind: Decision.Kind,
    end: tuple[Status, EventType],
    *,
    by: Scope,
    reasons: Sequence[str],
    words: str,
    version: int | None,
    **fields: Any,
) -> Draft:
    """Every decision but approval: one conditional UPDATE with its decision, on record."""
    require_reviewer(by, draft)
    if len(reasons) > _MOST_REASONS or any(len(each) > _LONGEST_REASON for each in reasons):
        raise Invalid.field("reasons", f"At most {_MOST_REASONS} short codes are allowed.")
    status, event = end
    closed = change(
        draft,
        when=[Status.PENDING],
        version=version,
        status=status,
        decided_by=by.actor,
        decided_at=timezone.now(),
        feedback=words.strip(),
        lease_holder=None,
        lease_until=None,
        **fields,
    )
    head_id = closed.thread.head_id if closed.thread else None
    reasons = list(reasons)
    add_decision(
        closed, kind, by=by.actor, reasons=reasons, words=words.strip(), thread_head_id=head_id
    )
    note(closed, kind.value, by=by.actor, event=event, reasons=reasons)
    return closed


@transaction.atomic
def undo(draft: Draft, *, by: Scope) -> Draft:
    """Take an approved draft back before its hold is over: it waits for a decision again.

    Sent or undone, never both. Raises TooLate when a worker has it or the hold is over,
    DraftNotPending when it is not approved, NotAReviewer.
    """
    require_reviewer(by, draft)
    present = load_with_thread(draft.pk)
    if present.status in (Status.SENDING, Status.SENT):
        raise TooLate(present)
    if present.status != Status.APPROVED:
        raise DraftNotPending(present)
    if present.hold_until is not None and present.hold_until <= timezone.now():
        raise TooLate(present)
    undone = sending.pull_back(present, present.thread)
    if undone is None:
        raise TooLate(load(draft.pk))
    add_decision(
        undone,
        Decision.Kind.UNDO,
        by=by.actor,
        thread_head_id=undone.thread.head_id if undone.thread else None,
    )
    note(undone, "undo", by=by.actor, event=EventType.DRAFT_UPDATED)
    return undone


@transaction.atomic
def ask_to_send(
    draft: Draft,
    *,
    by: Scope,
    force: bool = False,
    verified: bool = False,
    version: int | None = None,
) -> SendOutcome:
    """Ask for a draft to leave: a policy decides, or leaves it to a person.

    `force`: the caller has looked at what came in since. `verified`: they may write to somebody
    who never wrote. Raises DraftAlreadySent, NotOpen, InReview, ThreadChanged, VersionConflict,
    RecipientSuppressed, InboxPaused, FirstContact, Invalid.
    """
    require(by, draft, "send")
    present = load_with_thread(draft.pk)
    _refuse_asking(present, by, force=force, version=version)
    sending.refuse_unsendable(present)
    sending.refuse_suppressed(present)
    if not verified:
        sending.refuse_first_contact(present)
    head_id = present.thread.head_id if present.thread else None
    if by.user is not None:  # A person who asks is the one who approves.
        submitted = present if present.status == Status.PENDING else submit(present, by=by)
        approved = approve(
            submitted,
            by=by,
            version=submitted.version,
            content_hash=submitted.revision.content_hash if submitted.revision else "",
            thread_head_id=head_id,
        )
        return SendOutcome("queued", 200, approved, approved.message)
    ruling = policy.rule(present, by=by)
    if not ruling.send:
        return SendOutcome("pending_review", 202, _leave_to_person(present, ruling, by), None)
    permission = sending.Permission(
        by=ruling.decided_by,
        unattended=True,
        version=present.version,
        thread_head_id=head_id,
        policy_version=ruling.version,
    )
    approved, message = sending.release(present, permission)
    return SendOutcome("queued", 200, approved, message)


def _refuse_asking(draft: Draft, by: Scope, *, force: bool, version: int | None) -> None:
    if draft.status in (Status.APPROVED, Status.SENDING, Status.SENT):
        raise DraftAlreadySent(draft)
    if draft.status not in (Status.COMPOSING, Status.PENDING):
        raise NotOpen(draft)
    if version is not None and version != draft.version:
        raise VersionConflict(draft)
    in_hands = draft.edited_by_person or held_by_person(draft, timezone.now())
    if by.user is None and in_hands:
        raise InReview(draft)
    if draft.stale and not force:
        raise ThreadChanged(draft)


def _leave_to_person(draft: Draft, ruling: policy.Ruling, by: Scope) -> Draft:
    """To review, with the policy's reason; asking twice changes nothing."""
    if draft.status == Status.PENDING and draft.review_reason == ruling.reason:
        return draft
    left = change(
        draft,
        when=[Status.COMPOSING, Status.PENDING],
        version=draft.version,
        status=Status.PENDING,
        review_reason=ruling.reason,
    )
    note(left, "ask_to_send", by=by.actor, event=EventType.DRAFT_UPDATED, reason=ruling.reason)
    return left
