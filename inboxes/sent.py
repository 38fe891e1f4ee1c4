"""Mail of ours, frozen: its octets, what is derived from them, its place in thread and folder."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from events.ids import new_id
from inboxes import mime, notices
from inboxes.addresses import Address, fold_address
from inboxes.mailbox import file_message
from inboxes.models import (
    Attachment,
    Folder,
    FolderEntry,
    Inbox,
    Mailbox,
    Message,
    MessageRaw,
    Thread,
)
from inboxes.quotes import reply_text
from inboxes.search import NAMES_LIMIT
from inboxes.threads import new_thread, note_message

PREVIEW_LIMIT = 200


def store_outgoing(
    inbox: Inbox,
    thread: Thread | None,
    raw: bytes,
    *,
    created_by: str,
    unattended: bool,
    message_id: UUID | None = None,
    bcc: Sequence[Address] = (),
    mail_from: str = "",
    metadata: dict[str, Any] | None = None,
) -> Message:
    """Keep `raw` as a message of ours that is to be sent, inside the caller's transaction.

    The thread (None: a new one is begun) is locked by the caller; it takes the message in, the
    Sent folder too. `bcc` stands in no header and therefore comes beside. Those who listen to
    `inboxes.notices` are told.
    """
    parsed = mime.parse(raw)
    now = timezone.now()
    threaded_by = "reference" if thread else "new"
    thread = thread or new_thread(inbox.pk, parsed.subject, now)
    message = _message(inbox, thread, parsed, bcc)
    message.pk = message_id or new_id()
    message.created_at, message.threaded_by = now, threaded_by
    message.created_by, message.unattended = created_by, unattended
    message.mail_from, message.metadata = mail_from, metadata or {}
    message.size = len(raw)
    note_message(thread, message)
    message.save(force_insert=True)
    MessageRaw.objects.create(message=message, octets=raw, sha256=hashlib.sha256(raw).digest())
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            part_path=part.part_path,
            filename=part.filename,
            content_type=part.content_type,
            size=part.size,
            content_id=part.content_id,
            inline=part.inline,
        )
        for part in parsed.attachments
    )
    notices.tell(message)
    file_message(message, Folder.Role.SENT)
    return message


def _message(
    inbox: Inbox, thread: Thread, parsed: mime.ParsedMessage, bcc: Sequence[Address]
) -> Message:
    """The row, with all that the octets say. Not saved."""
    sender = parsed.header_from[0]
    recipients = [fold_address(a.addr_spec) for a in (*parsed.to, *parsed.cc, *bcc)]
    own_words = reply_text(parsed.plain_body, parsed.html_body)
    names = " ".join(
        [
            f"{a.name} {a.addr_spec} {a.addr_spec.replace('@', ' ')}"
            for a in (*parsed.header_from, *parsed.to, *parsed.cc, *bcc)
        ]
        + [part.filename for part in parsed.attachments]
    )
    return Message(
        inbox=inbox,
        thread=thread,
        direction=Message.Direction.OUTBOUND,
        status=Message.Status.QUEUED,
        header_message_id=parsed.header_message_id,
        in_reply_to=parsed.in_reply_to[0] if parsed.in_reply_to else "",
        references=list(parsed.references),
        header_from=fold_address(sender.addr_spec),
        from_name=sender.name,
        reply_to=_mailboxes(parsed.reply_to),
        to=_mailboxes(parsed.to),
        cc=_mailboxes(parsed.cc),
        bcc=_mailboxes(bcc),
        recipients=list(dict.fromkeys(recipients)),
        subject=parsed.subject,
        plain_body=parsed.plain_body,
        html_body=parsed.html_body,
        reply_text=own_words,
        visible_text=parsed.plain_body,
        preview=" ".join(own_words.split())[:PREVIEW_LIMIT],
        is_read=True,
        date=parsed.date,
        has_attachments=any(not part.inline for part in parsed.attachments),
        search_names=names[:NAMES_LIMIT],
    )


def _mailboxes(given: Sequence[Address]) -> list[Mailbox]:
    return [{"name": each.name, "address": each.addr_spec} for each in given]


def take_back(message: Message, thread: Thread) -> None:
    """Undo `store_outgoing` of a cancelled message: out of the folder and out of its thread's
    counters. The row and its octets stay, for the record. `thread` is locked."""
    FolderEntry.objects.filter(message=message).delete()
    left = Message.objects.filter(thread=thread, is_spam=False).exclude(pk=message.pk)
    head = (
        left.exclude(status=Message.Status.CANCELLED)
        .order_by("-created_at", "-id")
        .only("id", "preview", "created_at")
        .first()
    )
    Thread.objects.filter(pk=thread.pk).update(
        message_count=Greatest(F("message_count") - 1, 0),
        head_id=head.pk if head else None,
        preview=head.preview if head else "",
        last_message_at=head.created_at if head else thread.created_at,
    )
    thread.refresh_from_db(fields=["message_count", "head_id", "preview", "last_message_at"])
