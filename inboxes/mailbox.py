"""Folders: where a message is filed, under a UID that ascends in the order of commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils import timezone

from inboxes.models import Folder, FolderEntry, Message

# The row lock on the counter lasts until COMMIT: whoever gets the next UID commits later.
_TAKE_UIDS = """
    UPDATE inboxes_folder AS folder
       SET uid_next = uid_next + wanted.n, highest_modseq = highest_modseq + wanted.n
      FROM unnest(%s::uuid[], %s::bigint[]) AS wanted (inbox_id, n)
     WHERE folder.inbox_id = wanted.inbox_id AND folder.role = %s
 RETURNING folder.inbox_id, folder.id, uid_next - wanted.n, highest_modseq - wanted.n + 1
"""


@dataclass(slots=True)
class _Counter:
    folder_id: int
    uid: int
    modseq: int

    def entry(self, message: Message) -> FolderEntry:
        made = FolderEntry(
            folder_id=self.folder_id,
            message=message,
            uid=self.uid,
            modseq=self.modseq,
            internal_date=message.received_at or message.sent_at or timezone.now(),
        )
        self.uid += 1
        self.modseq += 1
        return made


def file_message(message: Message, role: Folder.Role) -> FolderEntry:
    """File one message. Call it last in the transaction (see `file_messages`)."""
    return file_messages([message], role)[0]


def file_messages(messages: Sequence[Message], role: Folder.Role) -> list[FolderEntry]:
    """File messages of any inboxes in the folder of that role, in the order given.

    Locks the folders' counters until COMMIT, therefore: the last thing in a transaction.
    """
    wanted: dict[UUID, int] = {}
    for message in messages:
        wanted[message.inbox_id] = wanted.get(message.inbox_id, 0) + 1
    counters = _take_uids(wanted, role)
    if missing := wanted.keys() - counters.keys():
        raise Folder.DoesNotExist(f"Inbox {min(missing)} has no folder for {role}.")
    entries = [counters[message.inbox_id].entry(message) for message in messages]
    return FolderEntry.objects.bulk_create(entries)


def _take_uids(wanted: dict[UUID, int], role: Folder.Role) -> dict[UUID, _Counter]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_UIDS, [list(wanted), list(wanted.values()), str(role)])
        return {inbox_id: _Counter(*counter) for inbox_id, *counter in cursor.fetchall()}
