"""Files that go with a draft. A row never changes: a revision names the ones it has."""

import hashlib
import re
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Sum

from drafts.models import Draft, DraftFile
from events.errors import Invalid, TooLarge
from outbound.compose import OutgoingFile

FILES_LIMIT = 25 * 1024 * 1024  # octets in all
COUNT_LIMIT = 100
_CONTENT_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}\Z", re.ASCII)
_CONTENT_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{0,200}\Z")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def fault_of(file: OutgoingFile) -> tuple[str, str] | None:
    """What no header can hold: the name of the field on the wire, and a sentence."""
    if not file.filename.strip() or len(file.filename) > 255:
        return "filename", "A file name has 1 to 255 characters."
    if _CONTROLS.search(file.filename):
        return "filename", "Control characters are not allowed in a file name."
    if not _CONTENT_TYPE.match(file.content_type):
        return "contentType", f"{file.content_type!r} is no content type."
    if not _CONTENT_ID.match(file.content_id):
        return "contentId", "This cannot be a content id."
    return None


def check_file(file: OutgoingFile) -> None:
    """Raise Invalid for what no header can hold."""
    if fault := fault_of(file):
        raise Invalid.field("attachments", fault[1])


def store(
    draft: Draft, files: Sequence[OutgoingFile], *, beside: Sequence[UUID]
) -> tuple[UUID, ...]:
    """Keep new files of a draft that already has those `beside`.

    Raises Invalid, and TooLarge when they are more than 25 MB in all.
    """
    for file in files:
        check_file(file)
    if len(beside) + len(files) > COUNT_LIMIT:
        raise Invalid.field("attachments", f"At most {COUNT_LIMIT} files are allowed.")
    size = sum(len(file.content) for file in files) + total_size(draft, beside)
    if size > FILES_LIMIT:
        raise TooLarge(f"The files of a draft have at most {FILES_LIMIT} octets in all.")
    rows = [
        DraftFile(
            draft=draft,
            filename=file.filename.strip(),
            content_type=file.content_type.lower(),
            size=len(file.content),
            content_id=file.content_id,
            inline=file.inline,
            sha256=hashlib.sha256(file.content).digest(),
            content=file.content,
        )
        for file in files
    ]
    DraftFile.objects.bulk_create(rows)
    return tuple(row.pk for row in rows)


def total_size(draft: Draft, file_ids: Sequence[UUID]) -> int:
    """Octets of these files of the draft together."""
    if not file_ids:
        return 0
    found = draft.files.filter(pk__in=file_ids).aggregate(total=Sum("size"))
    return int(found["total"] or 0)


def outgoing_files(draft: Draft) -> tuple[OutgoingFile, ...]:
    """The files of the revision that counts, in its order, with their octets."""
    file_ids = draft.revision.file_ids if draft.revision else []
    if not file_ids:
        return ()
    rows = DraftFile.objects.filter(draft=draft).in_bulk(file_ids)
    return tuple(
        OutgoingFile(row.filename, row.content_type, bytes(row.content), row.content_id, row.inline)
        for row in (rows[file_id] for file_id in file_ids)
    )
