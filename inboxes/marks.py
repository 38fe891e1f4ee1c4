"""What is noted on messages and threads after they came: read, labels, trash, state.

Each deed is one transaction, and is seen by mail clients too: flags of a message are those of its
folder entries, whose change grows the folder's mod-sequence (RFC 7162)."""

from collections.abc import Collection
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from events.errors import Invalid
from inboxes.findings import belongs_in_junk
from inboxes.mailbox import file_message
from inboxes.models import Folder, FolderEntry, Inbox, Message, Thread
from inboxes.rearranging import recount
from inboxes.telling import tell_of_thread, tell_refiled

MOST_LABELS = 50

# Reading a message marks it: one statement, in the order of all locks here, folders by id and last.
_MARK_READ = """
    WITH changed AS (
        UPDATE inboxes_message SET is_read = %(is_read)s
         WHERE id = %(message)s AND is_read <> %(is_read)s
     RETURNING id, thread_id
    ), counted AS (
        UPDATE inboxes_thread AS thread
           SET unread_count = greatest(unread_count + %(by)s, 0)
          FROM changed
         WHERE thread.id = changed.thread_id AND %(by)s <> 0
    ), locked AS (
        SELECT folder.id
          FROM inboxes_folder AS folder
          JOIN inboxes_folderentry AS entry ON entry.folder_id = folder.id
          JOIN changed ON changed.id = entry.message_id
         ORDER BY folder.id
           FOR NO KEY UPDATE OF folder
    ), counters AS (
        UPDATE inboxes_folder AS folder SET highest_modseq = highest_modseq + 1
          FROM locked
         WHERE folder.id = locked.id
     RETURNING folder.id, folder.highest_modseq
    )
    UPDATE inboxes_folderentry AS entry SET modseq = counters.highest_modseq
      FROM counters
     WHERE entry.folder_id = counters.id AND entry.message_id = %(message)s
"""


def _changed_labels(
    present: list[str], *, add: Collection[str], remove: Collection[str]
) -> list[str]:
    """Labels in the order in which they were given. Raises Invalid for more than there may be."""
    kept = [label for label in dict.fromkeys([*present, *add]) if label not in remove]
    if len(kept) > MOST_LABELS:
        raise Invalid.field("addLabels", f"There can be at most {MOST_LABELS} labels.")
    return kept


def _touch_entries(message: Message) -> None:
    """Tell mail clients that flags changed. Locks folder counters: last in the transaction."""
    for entry in FolderEntry.objects.filter(message=message).order_by("folder_id"):
        Folder.objects.filter(pk=entry.folder_id).update(highest_modseq=F("highest_modseq") + 1)
        modseq = Folder.objects.values_list("highest_modseq", flat=True).get(pk=entry.folder_id)
        FolderEntry.objects.filter(pk=entry.pk).update(modseq=modseq)


def _lock_thread(message: Message) -> None:
    """Arrival locks the thread before its messages and its folder last: so do we."""
    Thread.objects.select_for_update().only("pk").get(pk=message.thread_id)


def _count_unread(message: Message, by: int) -> None:
    threads = Thread.objects.filter(pk=message.thread_id)
    threads.update(unread_count=Greatest(F("unread_count") + by, 0))


@transaction.atomic
def mark_read(message: Message, *, is_read: bool = True) -> None:
    """Set whether it was read. Saying what is so already changes nothing."""
    _lock_thread(message)
    message.is_read = is_read
    counts = message.is_inbound and message.trashed_at is None and not message.is_spam
    by = (-1 if is_read else 1) if counts else 0
    with connection.cursor() as cursor:
        cursor.execute(_MARK_READ, {"message": message.pk, "is_read": is_read, "by": by})


@transaction.atomic
def label_message(message: Message, *, add: Collection[str], remove: Collection[str]) -> None:
    """Add labels, then take others away. Raises Invalid beyond 50 labels.

    Incoming mail labelled `spam` or `infected` is in Junk, other mail is not: a label moves it.
    """
    _lock_thread(message)
    locked = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    message.labels = _changed_labels(locked.labels, add=add, remove=remove)
    if message.labels == locked.labels:
        return
    Message.objects.filter(pk=message.pk).update(labels=message.labels)
    is_spam = message.is_inbound and belongs_in_junk(message.labels)
    if is_spam == locked.is_spam:
        _touch_entries(message)
        return
    message.is_spam, message.metadata = is_spam, locked.metadata
    _refile(message)


def _refile(message: Message) -> None:
    """Into Junk, or out of it; its thread counts it or not, and all hear. The thread is locked."""
    if message.is_spam:  # it was told when it came, or when it came out of Junk
        message.metadata = {**message.metadata, "told": True}
    Message.objects.filter(pk=message.pk).update(is_spam=message.is_spam, metadata=message.metadata)
    message.thread = Thread.objects.get(pk=message.thread_id)
    recount(message.thread)
    tell_refiled(message)
    if message.trashed_at is None:
        FolderEntry.objects.filter(message=message).delete()
        file_message(message, Folder.Role.JUNK if message.is_spam else Folder.Role.INBOX)
    else:
        _touch_entries(message)


@transaction.atomic
def trash(message: Message) -> None:
    """Move to the Trash folder; it stays in its thread. Trashing twice changes nothing."""
    _lock_thread(message)
    now = timezone.now()
    if not Message.objects.filter(pk=message.pk, trashed_at=None).update(trashed_at=now):
        return
    message.trashed_at = now
    if message.is_inbound and not message.is_read and not message.is_spam:
        _count_unread(message, -1)
    FolderEntry.objects.filter(message=message).delete()
    file_message(message, Folder.Role.TRASH)


@transaction.atomic
def adjust_thread(inbox: Inbox, thread: Thread, changes: dict[str, Any]) -> None:
    """Set `status` and `category`, add and take away labels; tell `thread.updated`."""
    locked = Thread.objects.select_for_update().get(pk=thread.pk)
    thread.status = changes.get("status", locked.status)
    thread.category = changes.get("category", locked.category)
    thread.labels = _changed_labels(
        locked.labels, add=changes.get("add_labels", ()), remove=changes.get("remove_labels", ())
    )
    facts = {name: getattr(thread, name) for name in ("status", "category", "labels")}
    if all(getattr(locked, name) == value for name, value in facts.items()):
        return
    thread.save(update_fields=list(facts))
    tell_of_thread(thread, facts, workspace_id=inbox.workspace_id)
