"""How a draft changes: one conditional UPDATE, on record, told. Every deed goes through here."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.scope import Deed, Scope
from drafts.content import Content, content_hash, mailboxes
from drafts.models import Decision, Draft, DraftRevision
from drafts.refusals import DraftNotPending, NotAReviewer, VersionConflict
from events import audit
from events.errors import Forbidden
from events.log import emit
from events.models import EventType
from inboxes.models import Thread

By = Scope | str
SYSTEM = "system"


def actor_of(by: By) -> str:
    return by.actor if isinstance(by, Scope) else by


def is_person(actor: str) -> bool:
    return actor.startswith("user:")


def require(by: By, draft: Draft, deed: Deed) -> None:
    """Raise Forbidden when a scope does not reach `deed` here. A bare actor was asked before."""
    if isinstance(by, Scope) and not by.reaches(draft.inbox.workspace_id, draft.inbox_id, deed):
        raise Forbidden(f"This needs the right to `{deed}` in this inbox.")


def require_reviewer(by: Scope, draft: Draft) -> None:
    """Raise NotAReviewer for every key, and for a person who may not review here."""
    may = by.reaches(draft.inbox.workspace_id, draft.inbox_id, "review")
    if by.user is None or by.key is not None or not may:
        raise NotAReviewer("Only a person who may review this inbox can decide on a draft.")


def load(draft_id: UUID) -> Draft:
    """The draft as it is now, with what every deed looks at."""
    return (
        Draft.objects.whole()
        .select_related("inbox__workspace", "reply_to_message")
        .get(pk=draft_id)
    )


def lock_thread(thread_id: UUID) -> Thread:
    """The thread, locked: no message can come in between looking at its head and acting on it.

    Always taken before a delivery and a draft, so that no two deeds wait for each other.
    """
    return Thread.objects.select_for_update(no_key=True, of=("self",)).get(pk=thread_id)


def load_with_thread(draft_id: UUID) -> Draft:
    """The draft as it is now, with its thread locked and as it is now."""
    while True:
        thread_id = Draft.objects.values_list("thread_id", flat=True).get(pk=draft_id)
        if thread_id is not None:
            lock_thread(thread_id)
        draft = load(draft_id)
        if draft.thread_id == thread_id:
            return draft
        # The thread was merged into another while we waited for it.


def change(
    draft: Draft, *, when: Collection[str], version: int | None = None, **fields: Any
) -> Draft:
    """Change state by one conditional UPDATE. The draft as it then is.

    Raises DraftNotPending when it is in no state of `when`, VersionConflict when `version` (None:
    whichever it is at) is not the present one. Nothing has changed then.
    """
    rows = Draft.objects.filter(pk=draft.pk, status__in=when)
    if version is not None:
        rows = rows.filter(version=version)
    if not rows.update(version=F("version") + 1, updated_at=timezone.now(), **fields):
        present = load(draft.pk)
        raise VersionConflict(present) if present.status in when else DraftNotPending(present)
    return load(draft.pk)


def add_revision(
    draft: Draft, content: Content, *, author: str, offered: bool = False
) -> DraftRevision:
    """Add one; the caller holds the draft's row. An offered one is kept aside."""
    last = draft.revisions.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    revision = DraftRevision.objects.create(
        draft=draft,
        sequence=last + 1,
        parent=draft.revision,
        author=author,
        to=mailboxes(content.to),
        cc=mailboxes(content.cc),
        bcc=mailboxes(content.bcc),
        reply_to=mailboxes(content.reply_to),
        subject=content.subject,
        plain_body=content.plain_body,
        html_body=content.html_body,
        html_derived=content.html_derived,
        headers=dict(content.headers),
        file_ids=list(content.file_ids),
        content_hash=content_hash(content),
        offered=offered,
    )
    if not offered:
        Draft.objects.filter(pk=draft.pk).update(revision=revision)
        draft.revision = revision
    return revision


def add_decision(draft: Draft, kind: Decision.Kind, *, by: str, **facts: Any) -> Decision:
    """Record who decided what on the revision that counts."""
    revision = draft.revision
    assert revision is not None  # noqa: S101 - every draft has one from its creation on
    return Decision.objects.create(
        draft=draft,
        revision=revision,
        content_hash=revision.content_hash,
        kind=kind,
        decided_by=by,
        **facts,
    )


def note(draft: Draft, act: str, *, by: str, event: EventType | None = None, **facts: Any) -> None:
    """Put `act` into the audit chain and the event log. Call it last: the chain is locked."""
    if event is not None:
        tell(draft, event, **facts)
    revision = draft.revision
    audit.record(
        draft.inbox.workspace_id,
        actor=by,
        action=f"draft.{act}",
        subject=f"draft:{draft.pk}",
        details={
            "status": draft.status,
            "version": draft.version,
            "revision": revision.sequence if revision else 0,
            "content_hash": revision.content_hash if revision else "",
            **facts,
        },
    )


def tell(draft: Draft, event: EventType, **facts: Any) -> None:
    """Put an event about the draft into the log: facts only, never a body."""
    revision = draft.revision
    emit(
        event,
        workspace_id=draft.inbox.workspace_id,
        inbox_id=draft.inbox_id,
        thread_id=draft.thread_id,
        message_id=draft.message_id,
        draft_id=draft.pk,
        payload={
            "status": draft.status,
            "version": draft.version,
            "revision": revision.sequence if revision else 0,
            "category": draft.category,
            "confidence": draft.confidence,
            "subject": revision.subject if revision else "",
            "to": [each["address"] for each in revision.to] if revision else [],
            "stale": draft.stale,
            "reply_to_message_id": str(draft.reply_to_message_id or "") or None,
            "created_by": draft.created_by,
            "decided_by": draft.decided_by,
            "feedback": draft.feedback,
            "thread_subject": draft.thread.subject if draft.thread else "",
            **facts,
        },
    )
