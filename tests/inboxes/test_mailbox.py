"""Filing: UIDs that ascend, each folder for itself."""

from django.db import transaction

from inboxes.mailbox import file_message
from inboxes.models import Folder
from tests.inboxes.letters import arrive


def test_each_folder_counts_for_itself(inbox):
    message = arrive(inbox)

    entry = file_message(message, Folder.Role.ARCHIVE)

    assert (entry.uid, entry.folder.role) == (1, "archive")
    assert file_message(message, Folder.Role.INBOX).uid == 2


def test_a_uid_of_what_was_rolled_back_was_never_seen(inbox):
    message = arrive(inbox)
    try:
        with transaction.atomic():
            file_message(message, Folder.Role.INBOX)
            raise RuntimeError
    except RuntimeError:
        pass

    assert file_message(message, Folder.Role.INBOX).uid == 2


def test_every_filing_raises_the_modseq(inbox):
    message = arrive(inbox)

    entries = [file_message(message, Folder.Role.ARCHIVE) for _ in range(3)]

    assert [entry.modseq for entry in entries] == [2, 3, 4]
