"""Passing a message on: what stands above it, the message itself, and its files."""

import mimetypes
import re
from datetime import UTC
from html import escape

from drafts.bodies import bodies
from drafts.content import Given
from drafts.files import check_file
from events.errors import Invalid, Missing
from inboxes.mime import part_octets
from inboxes.models import Attachment, Mailbox, Message, MessageRaw
from inboxes.sanitiser import sanitise
from outbound.compose import OutgoingFile

_MARKS = re.compile(r"\A(?:\s*(?:fwd?|wg|tr)\s*:)+\s*", re.IGNORECASE)
_RULE = "---------- Forwarded message ----------"
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\]")


def forwarded(message: Message, given: Given) -> Given:
    """What a mail says that passes `message` on with all its files, under the words of `given`.

    A subject that is given stands. Raises Missing where the octets are not kept.
    """
    plain_body, html_body, _ = bodies(given)
    passed_on = Given(**given)
    passed_on["subject"] = given.get("subject") or forward_subject(message.subject)
    passed_on["files"] = [*given.get("files", ()), *files_of(message)]
    fields = _fields(message)
    head = "\n".join([_RULE, *(f"{name}: {value}" for name, value in fields)])
    passed_on["plain_body"] = f"{plain_body.rstrip()}\n\n{head}\n\n{message.plain_body}".lstrip()
    passed_on.pop("html_body", None)
    if message.html_body.strip():
        lines = [escape(_RULE), *(f"{escape(n)}: {escape(v)}" for n, v in fields)]
        pictures = {a.content_id: f"cid:{a.content_id}" for a in message.attachments.all()}
        original = sanitise(message.html_body, remote_images=True, cid_urls=pictures).html
        passed_on["html_body"] = f"{html_body}\n<div>{'<br>'.join(lines)}</div><br>\n{original}"
    return passed_on


def forward_subject(subject: str) -> str:
    """`Fwd:` once, whatever stood there."""
    return f"Fwd: {_MARKS.sub('', ' '.join(subject.split()))}".rstrip()


def _fields(message: Message) -> list[tuple[str, str]]:
    at = (message.date or message.received_at or message.created_at).astimezone(UTC)
    sender = Mailbox(name=message.from_name, address=message.header_from)
    told = [
        ("From", _shown([sender])),
        ("Date", f"{at:%a, %d %b %Y %H:%M:%S} +0000"),
        ("Subject", " ".join(message.subject.split())),
        ("To", _shown(message.to)),
        ("Cc", _shown(message.cc)),
    ]
    return [(name, value) for name, value in told if value]


def _shown(mailboxes: list[Mailbox]) -> str:
    shown = [f"{m['name']} <{m['address']}>" if m["name"] else m["address"] for m in mailboxes]
    return ", ".join(" ".join(each.split()) for each in shown)


def files_of(message: Message) -> list[OutgoingFile]:
    """The files of a message under names and types that a header can hold. Raises Missing."""
    attachments = list(message.attachments.all())
    if not attachments:
        return []
    raw = MessageRaw.objects.filter(pk=message.pk).values_list("octets", flat=True).first()
    if raw is None:
        raise Missing
    octets = bytes(raw)
    return [_file(attachment, octets) for attachment in attachments]


def _file(attachment: Attachment, raw: bytes) -> OutgoingFile:
    try:
        content = part_octets(raw, attachment.part_path)
    except KeyError:
        raise Missing from None
    ending = mimetypes.guess_extension(attachment.content_type) or ""
    name = _UNFIT.sub("", attachment.filename).strip()[-255:]
    name = name or f"part-{attachment.part_path}{ending}"[-255:]
    content_id = attachment.content_id
    file = OutgoingFile(name, attachment.content_type, content, content_id, attachment.inline)
    try:
        check_file(file)
    except Invalid:  # a type or a content id that no header of ours may have
        return OutgoingFile(name, "application/octet-stream", content)
    return file
