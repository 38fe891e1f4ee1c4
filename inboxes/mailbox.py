"""Folders: where a message is filed, under a UID that ascends in the order of commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from events.statements import rows_of
from inboxes.models import Folder, FolderEntry, Message

# The row lock on the counter lasts until COMMIT: whoever gets the next UID commits later.
_FILE = """
    WITH filed AS (
        SELECT *, row_number() OVER (PARTITION BY inbox_id ORDER BY place) AS n
          FROM unnest(%(inboxes)s::uuid[], %(messages)s::uuid[], %(times)s::timestamptz[])
               WITH ORDINALITY AS given (inbox_id, message_id, at, place)
    ), counter AS (
        UPDATE inboxes_folder AS folder
           SET uid_next = uid_next + wanted.n, highest_modseq = highest_modseq + wanted.n
          FROM (SELECT inbox_id, count(*) AS n FROM filed GROUP BY inbox_id) AS wanted
         WHERE folder.inbox_id = wanted.inbox_id AND folder.role = %(role)s
     RETURNING folder.inbox_id, folder.id AS folder_id,
               uid_next - wanted.n AS uid, highest_modseq - wanted.n AS modseq
    )
    INSERT INTO inboxes_folderentry
           (folder_id, message_id, uid, modseq, flags, internal_date)
    SELECT folder_id, message_id, uid + n - 1, modseq + n, '{}', at
      FROM filed JOIN counter USING (inbox_id)
     ORDER BY place
 RETURNING message_id, id, folder_id, uid, modseq
"""


def file_message(message: Message, role: Folder.Role) -> FolderEntry:
    """File one message. Call it last in the transaction (see `file_messages`)."""
    return file_messages([message], role)[0]


def file_messages(messages: Sequence[Message], role: Folder.Role) -> list[FolderEntry]:
    """File messages of any inboxes in the folder of that role, in the order given.

    Locks the folders' counters until COMMIT, therefore: the last thing in a transaction.
    """
    now = timezone.now()
    times = [message.received_at or message.sent_at or now for message in messages]
    values: dict[str, Any] = {
        "inboxes": [message.inbox_id for message in messages],
        "messages": [message.pk for message in messages],
        "times": times,
        "role": str(role),
    }
    filed = {message_id: place for message_id, *place in rows_of(_FILE, values)}
    for message in messages:
        if message.pk not in filed:
            raise Folder.DoesNotExist(f"Inbox {message.inbox_id} has no folder for {role}.")
    return [
        _entry(message, at, *filed[message.pk]) for message, at in zip(messages, times, strict=True)
    ]


def _entry(
    message: Message, at: datetime, pk: int, folder_id: int, uid: int, modseq: int
) -> FolderEntry:
    """A row that is stored already."""
    entry = FolderEntry(
        pk=pk, folder_id=folder_id, message=message, uid=uid, modseq=modseq, internal_date=at
    )
    entry._state.adding, entry._state.db = False, connection.alias
    return entry
