"""Repairing conversations by hand: joining what is one, parting what is two. Both can be undone:
a split by a merge, a merge by giving the thread back (`part`)."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from events.errors import Conflict, Invalid, Missing
from inboxes import notices
from inboxes.models import Inbox, Message, Thread
from inboxes.telling import tell_of_thread
from inboxes.threads import PARTICIPANTS_LIMIT, lock_inboxes, merge, new_thread


class NotMerged(Conflict):
    code = "NOT_MERGED"


@transaction.atomic
def join(inbox: Inbox, thread_id: UUID, other_ids: Collection[UUID]) -> Thread:
    """Make the others part of the thread, as arrival does when it finds two to be one.

    Raises Missing for a thread that is not in this inbox, Invalid for the thread itself.
    """
    if thread_id in other_ids:
        raise Invalid.field("threadIds", "A thread cannot be merged into itself.")
    lock_inboxes([inbox.pk])
    locked = _locked(inbox, {thread_id, *other_ids})
    if any(each.merged_into_id for each in locked.values()):
        raise Missing  # it is part of another one already
    thread = locked.pop(thread_id)
    merge(thread, [locked[pk] for pk in sorted(locked)])
    recount(thread)
    return thread


@transaction.atomic
def split(inbox: Inbox, thread_id: UUID, message_id: UUID) -> Thread:
    """Move that message and all that came later to a new thread. Raises Missing; Invalid for the
    first message, because nothing would stay."""
    lock_inboxes([inbox.pk])
    thread = _locked(inbox, {thread_id})[thread_id]
    first = Message.objects.filter(thread=thread, pk=message_id).only("subject", "created_at")
    start = first.exclude(status=Message.Status.CANCELLED).first()
    if start is None:
        raise Missing
    later = Q(created_at__gt=start.created_at) | Q(created_at=start.created_at, pk__gte=start.pk)
    moving = list(Message.objects.filter(later, thread=thread).values_list("pk", flat=True))
    staying = Message.objects.filter(thread=thread).exclude(pk__in=moving)
    if not staying.exclude(status=Message.Status.CANCELLED).exists():
        raise Invalid.field("fromMessageId", "It is the first message: nothing would stay.")
    opened = new_thread(inbox.pk, start.subject, start.created_at)
    opened.status, opened.category = thread.status, thread.category
    opened.created_at = timezone.now()
    opened.save(force_insert=True)
    Message.objects.filter(pk__in=moving).update(thread=opened)
    _finish(inbox, thread, opened, moving)
    return opened


@transaction.atomic
def part(inbox: Inbox, thread_id: UUID, merged_id: UUID) -> Thread:
    """Give back a thread that was merged into this one, with the messages it had.

    Raises Missing, NotMerged.
    """
    lock_inboxes([inbox.pk])
    locked = _locked(inbox, {thread_id, merged_id})
    thread, merged = locked[thread_id], locked[merged_id]
    if merged.merged_into_id != thread.pk:
        raise NotMerged("That thread was not merged into this one.")
    origins = _merged_into(merged)
    rows = Message.objects.filter(thread=thread, merged_from__in=origins)
    moving = list(rows.values_list("pk", flat=True))
    own = When(merged_from=merged.pk, then=Value(None))
    Message.objects.filter(pk__in=moving).update(
        thread=merged, merged_from=Case(own, default=F("merged_from"))
    )
    merged.merged_into = None
    merged.save(update_fields=["merged_into"])
    _finish(inbox, thread, merged, moving)
    return merged


def _locked(inbox: Inbox, ids: Collection[UUID]) -> dict[UUID, Thread]:
    """The threads, locked in the order of their ids. Raises Missing unless all are there."""
    rows = Thread.objects.filter(inbox=inbox, pk__in=ids).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",))}
    if found.keys() != set(ids):
        raise Missing
    return found


def _merged_into(thread: Thread) -> set[UUID]:
    """The thread, and all that had been merged into it before it was itself."""
    found, fresh = {thread.pk}, {thread.pk}
    while fresh:
        below = Thread.objects.filter(merged_into__in=fresh).values_list("pk", flat=True)
        fresh = set(below) - found
        found |= fresh
    return found


def _finish(inbox: Inbox, thread: Thread, apart: Thread, moved: list[UUID]) -> None:
    """Count both anew, take drafts along, and tell."""
    recount(thread)
    recount(apart)
    notices.tell_parted(thread, apart, moved)
    for each, facts in (
        (thread, {"parted_to": str(apart.pk)}),
        (apart, {"parted_from": str(thread.pk)}),
    ):
        tell_of_thread(each, facts, workspace_id=inbox.workspace_id)


def recount(thread: Thread) -> None:
    """Everything on a thread that follows from its messages. The thread is locked."""
    rows = Message.objects.filter(thread=thread, is_spam=False)
    rows = rows.exclude(status=Message.Status.CANCELLED)
    inbound = rows.filter(direction=Message.Direction.INBOUND)
    newest = rows.order_by("-created_at", "-id").only("preview", "created_at").first()
    last_inbound = inbound.order_by("-created_at").only("created_at").first()
    thread.message_count = rows.count()
    thread.unread_count = inbound.filter(is_read=False, trashed_at=None).count()
    thread.participants = _people(
        rows.order_by("created_at", "id").values_list("header_from", "recipients")
    )
    thread.last_inbound_at = last_inbound.created_at if last_inbound else None
    thread.head_id = newest.pk if newest else None
    thread.preview = newest.preview if newest else ""
    thread.last_message_at = newest.created_at if newest else thread.created_at
    thread.save(
        update_fields=[
            *("message_count", "unread_count", "participants", "last_inbound_at"),
            *("head_id", "preview", "last_message_at"),
        ]
    )


def _people(rows: Iterable[tuple[str, list[str]]]) -> list[str]:
    found: dict[str, None] = {}
    for sender, recipients in rows:
        found |= dict.fromkeys([sender, *recipients] if sender else recipients)
    return list(found)[:PARTICIPANTS_LIMIT]
