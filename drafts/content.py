"""What a draft says, as a value: read from callers, checked, and hashed over a canonical form."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict
from uuid import UUID

from drafts.models import DraftRevision
from events.errors import Invalid
from inboxes.addresses import Address, fold_address, parse_mailbox
from inboxes.models import Mailbox
from outbound.compose import OutgoingFile, checked_headers

RECIPIENTS_LIMIT = 100
SUBJECT_LIMIT = 998
ADDRESS_FIELDS = ("to", "cc", "bcc", "reply_to")
_COMMA_OUTSIDE_QUOTES = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*\Z)')
_BREAKS = re.compile(r"[\r\n\0]")


class Given(TypedDict, total=False):
    """What an author may give or change; what is absent is left as it is, or filled in."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    plain_body: str
    html_body: str
    headers: dict[str, str]
    file_ids: tuple[UUID, ...]
    files: Sequence[OutgoingFile]  # in a create: all; in a revision: added to those there are
    category: str
    confidence: float | None
    metadata: dict[str, Any]  # in a revision: a merge patch, RFC 7396
    agent: dict[str, Any]
    prompt: list[Any]
    send_at: Any
    expires_in: int | None


@dataclass(frozen=True, slots=True)
class Content:
    """All that a reviewer decides on. The signature is no part of it."""

    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    plain_body: str = ""
    html_body: str = ""
    html_derived: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    file_ids: tuple[UUID, ...] = ()

    @property
    def recipients(self) -> tuple[Address, ...]:
        return (*self.to, *self.cc, *self.bcc)


def content_hash(content: Content) -> str:
    """SHA-256 over the canonical form: JSON, keys sorted, no white space, UTF-8. Files are named
    by id: the row behind an id never changes."""
    canonical = {
        **{
            name: [[a.name, a.addr_spec] for a in getattr(content, name)] for name in ADDRESS_FIELDS
        },
        "subject": content.subject,
        "plain_body": content.plain_body,
        "html_body": content.html_body,
        "headers": sorted([name.lower(), value] for name, value in content.headers.items()),
        "files": [str(file_id) for file_id in content.file_ids],
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def content_of(revision: DraftRevision) -> Content:
    return Content(
        to=addresses(revision.to),
        cc=addresses(revision.cc),
        bcc=addresses(revision.bcc),
        reply_to=addresses(revision.reply_to),
        subject=revision.subject,
        plain_body=revision.plain_body,
        html_body=revision.html_body,
        html_derived=revision.html_derived,
        headers=revision.headers,
        file_ids=tuple(revision.file_ids),
    )


def addresses(stored: Iterable[Mailbox]) -> tuple[Address, ...]:
    return tuple(Address(each["name"], each["address"]) for each in stored)


def mailboxes(given: Iterable[Address]) -> list[Mailbox]:
    """Addresses in the form in which they are stored."""
    return [{"name": each.name, "address": each.addr_spec} for each in given]


def folded(given: Iterable[Address]) -> list[str]:
    """The addresses as they are compared, each once, in order."""
    return list(dict.fromkeys(fold_address(each.addr_spec) for each in given))


def read_addresses(name: str, written: str | Sequence[str]) -> tuple[Address, ...]:
    """Addresses as a caller writes them: one, several with commas, or a list.

    Each address is kept once. Raises Invalid naming the field.
    """
    texts = _COMMA_OUTSIDE_QUOTES.split(written) if isinstance(written, str) else list(written)
    found: dict[str, Address] = {}
    for text in texts:
        if not text.strip() and isinstance(written, str) and not _BREAKS.search(text):
            continue
        try:
            address = parse_mailbox(text)
        except ValueError as error:
            raise Invalid.field(name, str(error)) from error
        found.setdefault(fold_address(address.addr_spec), address)
    return tuple(found.values())


def check(content: Content) -> None:
    """Refuse what no header can hold. Raises Invalid naming the field, as the API names it."""
    if _BREAKS.search(content.subject):
        raise Invalid.field("subject", "CR, LF and NUL are not allowed in a header field.")
    if len(content.subject) > SUBJECT_LIMIT:
        raise Invalid.field("subject", f"At most {SUBJECT_LIMIT} characters are allowed.")
    for name, shown in (("to", "to"), ("cc", "cc"), ("bcc", "bcc"), ("reply_to", "replyTo")):
        if any(_BREAKS.search(a.name + a.addr_spec) for a in getattr(content, name)):
            raise Invalid.field(shown, "CR, LF and NUL are not allowed in a header field.")
    if len(content.recipients) > RECIPIENTS_LIMIT:
        raise Invalid.field("to", f"At most {RECIPIENTS_LIMIT} recipients are allowed.")
    if len({name.lower() for name in content.headers}) < len(content.headers):
        raise Invalid.field("headers", "A header field stands twice.")
    try:
        checked_headers(content.headers)
    except ValueError as error:
        raise Invalid.field("headers", str(error)) from error
    for name, body in (("plainBody", content.plain_body), ("htmlBody", content.html_body)):
        if "\0" in body:
            raise Invalid.field(name, "NUL is not allowed.")


def merge_patch(present: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396: null removes, objects merge, anything else replaces."""
    merged = dict(present)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            below = merged.get(key)
            merged[key] = merge_patch(below if isinstance(below, dict) else {}, value)
        else:
            merged[key] = value
    return merged
