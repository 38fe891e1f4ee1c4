"""A frozen message in the words of a provider's API: who, what, which files, which fields."""

import mimetypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email import encoders
from email.mime.base import MIMEBase

from anymail.utils import EmailAddress
from django.core.mail import EmailMultiAlternatives

from inboxes import mime
from inboxes.addresses import Address, fold_address
from outbound.esp_providers import Provider
from outbound.header_fields import ALLOWED_HEADERS

# What goes beside what the API has words for. All else would be signatures and MIME of ours.
_PASSED_ON = ALLOWED_HEADERS | {"message-id", "in-reply-to", "references"}
_NO_DECODED_COPY = frozenset({"message-id", "in-reply-to", "references"})


@dataclass(frozen=True, slots=True)
class Batch:
    """One request: the recipients by the part they have in the header."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()

    @property
    def rcpt_tos(self) -> tuple[str, ...]:
        return tuple(each.addr_spec for each in (*self.to, *self.cc, *self.bcc))


def batches_of(message: mime.ParsedMessage, rcpt_tos: Sequence[str]) -> Iterator[Batch]:
    """The requests that reach `rcpt_tos`, who are the only ones that get anything.

    A provider sends to whoever stands in To and Cc, so that recipients who are left out of this
    attempt (suppressed, or served before) are not shown either. Whoever stands in neither and is
    alone with their like gets a request of their own.
    """
    shown_to, shown_cc = _by_address(message.to), _by_address(message.cc)
    parts: dict[str, list[Address]] = {"to": [], "cc": [], "bcc": []}
    for rcpt_to in rcpt_tos:
        folded = fold_address(rcpt_to)
        part = "to" if folded in shown_to else "cc" if folded in shown_cc else "bcc"
        shown = shown_to.get(folded) or shown_cc.get(folded)
        parts[part].append(Address(shown.name if shown else "", rcpt_to))
    to, cc, bcc = (tuple(parts[name]) for name in ("to", "cc", "bcc"))
    if to:
        yield Batch(to, cc, bcc)
    elif cc:
        yield Batch(cc, (), bcc)
    else:
        for each in bcc:
            yield Batch((each,))


def _by_address(addresses: Iterable[Address]) -> dict[str, Address]:
    return {fold_address(each.addr_spec): each for each in addresses}


def request_for(
    provider: Provider, raw: bytes, message: mime.ParsedMessage, batch: Batch
) -> EmailMultiAlternatives:
    """What django-anymail takes. Raises ValueError for addresses that it cannot read."""
    if not message.header_from:
        raise ValueError("the message has no From")
    request = EmailMultiAlternatives(
        subject=message.subject,
        body=message.plain_body,
        from_email=_written(message.header_from[0]),
        to=[_written(each) for each in batch.to],
        cc=[_written(each) for each in batch.cc],
        bcc=[_written(each) for each in batch.bcc],
        reply_to=[_written(each) for each in message.reply_to],
        headers=_headers(provider, message),
    )
    if message.html_body:
        request.attach_alternative(message.html_body, "text/html")
    for attachment in message.attachments:
        content = mime.part_octets(raw, attachment.part_path)
        request.attach(_part(attachment, content, by_name=provider.types_by_name))
    return request


def _written(address: Address) -> str:
    return str(EmailAddress(display_name=address.name, addr_spec=address.addr_spec).address)


def _headers(provider: Provider, message: mime.ParsedMessage) -> dict[str, str]:
    headers = {
        name: " ".join(value.split())
        for name, value in message.headers
        if name.lower() in _PASSED_ON - _NO_DECODED_COPY
    }
    ids = {
        "Message-ID": [message.header_message_id],
        "In-Reply-To": message.in_reply_to[:1],
        "References": message.references,
    }
    for name, values in ids.items():
        if written := " ".join(f"<{each}>" for each in values if each):
            headers[name] = written
    kept = {name: v for name, v in headers.items() if name.lower() not in provider.leaves_out}
    return {**kept, **provider.more_headers}


def _part(attachment: mime.Attachment, content: bytes, *, by_name: bool) -> MIMEBase:
    """The file with its name, type and octets, and its Content-ID where the HTML shows it."""
    content_type, charset = _type_of(attachment, content, by_name=by_name)
    maintype, _, subtype = content_type.partition("/")
    part = MIMEBase(maintype, subtype)
    if charset:
        part.set_param("charset", charset)
    part.set_payload(content)
    encoders.encode_base64(part)
    disposition = "inline" if attachment.inline and attachment.content_id else "attachment"
    part.add_header("Content-Disposition", disposition)
    if attachment.filename:
        part.set_param(
            "filename", attachment.filename, header="Content-Disposition", charset="utf-8"
        )
    if attachment.content_id:
        part.add_header("Content-ID", f"<{attachment.content_id}>")
    return part


def _type_of(attachment: mime.Attachment, content: bytes, *, by_name: bool) -> tuple[str, str]:
    """The type without parameters, and for text a charset under which its octets stay as they are.

    Text that is no UTF-8 goes as octets where the provider allows it: some convert the rest.
    """
    content_type = attachment.content_type.partition(";")[0].strip().lower()
    if by_name:
        content_type = mimetypes.guess_type(attachment.filename)[0] or content_type
    maintype, _, subtype = content_type.partition("/")
    if not (maintype.isalnum() and subtype) or maintype in ("multipart", "message"):
        return "application/octet-stream", ""
    if maintype != "text":
        return content_type, ""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return (content_type, "iso-8859-1") if by_name else ("application/octet-stream", "")
    return content_type, "utf-8"
