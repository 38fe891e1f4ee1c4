"""What a new message on a thread does to the drafts on it, in the transaction that stored it."""

from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from drafts.models import Draft
from drafts.record import SYSTEM, change, load, note
from drafts.sending import pull_back
from events.models import EventType
from inboxes.models import Message, Thread

Status = Draft.Status


def message_stored(message: Message) -> None:
    """Listen to `inboxes.notices`. The thread is locked.

    The customer wrote again: what is held is pulled back, what waits is stale. Another reply of
    ours went out, whoever sent it: what is open is superseded. An automatic message (an out of
    office notice, a bounce) is nobody writing.
    """
    if message.is_inbound and (message.is_automated or message.threaded_by == "new"):
        return  # a thread that this message opened has no drafts yet
    drafts = Draft.objects.open().filter(thread=message.thread_id)
    for draft_id in drafts.exclude(message=message.pk).values_list("pk", flat=True):
        if message.is_inbound:
            _customer_wrote(load(draft_id), message)
        else:
            _reply_went_out(load(draft_id), message)


def _customer_wrote(draft: Draft, message: Message) -> None:
    stale: Draft | None = None
    act = "stale"
    if draft.status == Status.APPROVED:
        stale, act = pull_back(draft, message.thread, stale=True), "pull_back"
    elif draft.status in Draft.UNDECIDED and not draft.stale:
        stale = change(draft, when=Draft.UNDECIDED, stale=True)
    if stale is not None:
        note(stale, act, by=SYSTEM, event=EventType.DRAFT_STALE, new_message_id=str(message.pk))


def _reply_went_out(draft: Draft, message: Message) -> None:
    """What a worker already has cannot be superseded: it is sent."""
    when = [*Draft.UNDECIDED, Status.SEND_FAILED]
    if draft.status == Status.APPROVED:
        pulled = pull_back(draft, message.thread)
        if pulled is None:
            return
        draft = pulled
    if draft.status in when:
        supersede(draft, when=when, by=SYSTEM, new_message_id=str(message.pk))


def supersede(draft: Draft, *, when: list[Status], by: str, **facts: str) -> Draft:
    """Close an open draft because something else took its place."""
    superseded = change(
        draft,
        when=when,
        status=Status.SUPERSEDED,
        decided_by=by,
        decided_at=timezone.now(),
        lease_holder=None,
        lease_until=None,
    )
    note(superseded, "supersede", by=by, event=EventType.DRAFT_UPDATED, **facts)
    return superseded


def threads_merged(thread: Thread, merged: list[Thread]) -> None:
    """Listen to `inboxes.notices`: drafts go with their threads. All are locked.

    Of several open drafts the furthest stays: one that was decided on, then the newest. What
    cannot be closed, because it is being sent, ends on the thread where it began.
    """
    gone = [each.pk for each in merged]
    moving = Draft.objects.filter(thread__in=gone)
    open_ids = Draft.objects.open().filter(thread__in=[thread.pk, *gone])
    drafts = sorted(
        map(load, open_ids.values_list("pk", flat=True)),
        key=lambda draft: (draft.status not in Draft.UNDECIDED, draft.created_at),
    )
    for draft in drafts[:-1]:
        if not _make_way(draft, thread):
            moving = moving.exclude(pk=draft.pk)
            if draft.thread_id == thread.pk:
                moving = moving.exclude(status__in=Draft.OPEN)
    moving.update(thread=thread)


def _make_way(draft: Draft, thread: Thread) -> bool:
    when = [*Draft.UNDECIDED, Status.SEND_FAILED]
    if draft.status == Status.APPROVED:
        draft = pull_back(draft, thread) or draft
    if draft.status not in when:
        return False
    supersede(draft, when=when, by=SYSTEM, merged_into=str(thread.pk))
    return True


def thread_parted(thread: Thread, apart: Thread, message_ids: list[UUID]) -> None:
    """Listen to `inboxes.notices`: a draft goes with the message it answers or became.

    Where an open one is on the other thread already, an open one stays.
    """
    going = Q(reply_to_message__in=message_ids) | Q(message__in=message_ids)
    moving = Draft.objects.filter(going, thread=thread)
    if Draft.objects.open().filter(thread=apart).exists():
        moving = moving.exclude(status__in=Draft.OPEN)
    moving.update(thread=apart)
