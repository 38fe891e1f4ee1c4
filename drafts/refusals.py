"""What a draft's life does not allow. Whoever comes second is told who, when and what."""

from typing import Any, ClassVar

from drafts.models import Draft
from drafts.names import names_of
from drafts.serializers import draft_fields
from events.errors import Conflict, Forbidden
from events.wire import moment

_DEEDS: dict[str, str] = {
    Draft.Status.COMPOSING: "is still being composed",
    Draft.Status.PENDING: "waits for a decision",
    Draft.Status.CHANGES_REQUESTED: "was sent back for changes",
    Draft.Status.APPROVED: "was approved",
    Draft.Status.SENDING: "was approved and is being sent",
    Draft.Status.SEND_FAILED: "was approved, and could not be sent",
    Draft.Status.SENT: "was approved and has been sent",
    Draft.Status.REJECTED: "was rejected",
    Draft.Status.NO_REPLY_NEEDED: "was closed: no reply is needed",
    Draft.Status.SUPERSEDED: "was superseded by another reply on the thread",
    Draft.Status.WITHDRAWN: "was withdrawn",
    Draft.Status.EXPIRED: "has expired",
}


def name_of(actor: str) -> str:
    """A person or a key as people call them; a policy by what it is called in the record."""
    return names_of([actor])[actor] if actor.startswith(("user:", "key:")) else actor


class DraftRefusal(Conflict):
    """The present state of the draft does not allow it. `draft` is the draft as it is now."""

    code = "DRAFT_CONFLICT"
    sentence_end: ClassVar = ""

    def __init__(self, draft: Draft, sentence: str = "", **details: Any) -> None:
        self.draft = draft
        by = draft.decided_by
        self.by, self.by_name = by, name_of(by) if by else ""
        self.at = draft.decided_at or draft.updated_at
        super().__init__(
            sentence or self.what_happened(),
            status=draft.status,
            by=by,
            byName=self.by_name,
            at=moment(self.at),
            draft=draft_fields(draft),
            **details,
        )

    def what_happened(self) -> str:
        """ "The draft was approved by Ann at 2026-11-21 04:37:10 UTC." """
        by = f" by {self.by_name}" if self.by_name and self.by != "system" else ""
        return f"The draft {_DEEDS[self.draft.status]}{by} at {self.at:%Y-%m-%d %H:%M:%S} UTC."


class DraftNotPending(DraftRefusal):
    """Somebody was first, or the draft is not in a state for this."""

    code = "DRAFT_NOT_PENDING"


class VersionConflict(DraftRefusal):
    """The caller's version or content hash is not the present one."""

    code = "VERSION_CONFLICT"

    def __init__(self, draft: Draft) -> None:
        author = draft.revision.author if draft.revision else draft.created_by
        super().__init__(
            draft,
            f"The draft has changed since: it is at version {draft.version} now; "
            f"its text was last written by {name_of(author)}.",
            author=author,
        )


class ThreadChanged(DraftRefusal):
    """A newer message stands on the thread than the one that the caller saw."""

    code = "THREAD_CHANGED"

    def __init__(self, draft: Draft) -> None:
        head_id = draft.thread.head_id if draft.thread else None
        super().__init__(
            draft,
            "A newer message has come in on the thread. Look at it, then decide again.",
            threadHeadId=str(head_id) if head_id else None,
        )


class InReview(DraftRefusal):
    code = "IN_REVIEW"

    def __init__(self, draft: Draft) -> None:
        holder = draft.lease_holder or draft.reviewer
        super().__init__(
            draft,
            f"The draft is in the hands of {holder or 'a reviewer'}: theirs to decide now.",
            holder=holder.actor if holder else None,
        )


class NotOpen(DraftRefusal):
    code = "NOT_OPEN"


class DraftAlreadySent(DraftRefusal):
    """It was let out before; `details.messageId` names the message."""

    code = "DRAFT_ALREADY_SENT"

    def __init__(self, draft: Draft) -> None:
        message_id = str(draft.message_id) if draft.message_id else None
        super().__init__(draft, messageId=message_id)


class TooLate(DraftRefusal):
    """The hold is over or the message is on its way: it cannot be undone."""

    code = "TOO_LATE_TO_UNDO"

    def __init__(self, draft: Draft) -> None:
        super().__init__(draft, "The message is on its way and cannot be taken back.")


class LeaseHeld(DraftRefusal):
    """Somebody else has the draft open; taking over needs to be said."""

    code = "LEASE_HELD"

    def __init__(self, draft: Draft) -> None:
        holder = draft.lease_holder
        super().__init__(
            draft,
            f"{holder} is working on this draft.",
            holder=holder.actor if holder else None,
        )


class NotAReviewer(Forbidden):
    """Only a person with the right to review may decide; no key ever may."""

    code = "PERMISSION_DENIED"


class NotTheAuthor(Forbidden):
    code = "PERMISSION_DENIED"


class InboxPaused(Forbidden):
    code = "INBOX_PAUSED"


class RecipientSuppressed(Forbidden):
    code = "SUPPRESSED"


class FirstContact(Forbidden):
    code = "FIRST_CONTACT"
