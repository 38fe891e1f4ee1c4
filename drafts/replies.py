"""What a reply fills in: recipients, subject, and where it stands in the conversation."""

from collections.abc import Iterable
from dataclasses import dataclass

from drafts.content import addresses
from inboxes.addresses import Address, base_address, fold_address
from inboxes.models import Inbox, Message
from inboxes.references import reply_references
from outbound.compose import reply_subject


@dataclass(frozen=True, slots=True)
class ReplyFields:
    """What a reply has where its author says nothing."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str


def own_addresses(inbox: Inbox) -> frozenset[str]:
    """The folded addresses of an inbox. One query."""
    return frozenset(inbox.addresses.values_list("address", flat=True)) | {inbox.email}


def reply_fields(parent: Message, *, to_everyone: bool = False) -> ReplyFields:
    """Reply-To, then From; for everyone also To and Cc, minus our own addresses.

    A reply to a mail of ours goes to whom that went.
    """
    own = own_addresses(parent.inbox)
    if parent.is_inbound:
        asked = addresses(parent.reply_to) or (Address(parent.from_name, parent.header_from),)
        others = addresses(parent.to)
    else:
        asked, others = addresses(parent.to), ()
    to = _once(asked, leave_out=own) or _once(asked)
    cc: tuple[Address, ...] = ()
    if to_everyone:
        to = _once((*to, *_once(others, leave_out=own)))
        cc = _once(addresses(parent.cc), leave_out=own | {fold_address(a.addr_spec) for a in to})
    return ReplyFields(to, cc, reply_subject(parent.subject))


def _once(given: Iterable[Address], leave_out: frozenset[str] = frozenset()) -> tuple[Address, ...]:
    """Each address once, in order; a sub-address of ours is ours."""
    kept: dict[str, Address] = {}
    for address in given:
        key = fold_address(address.addr_spec)
        if key and key not in leave_out and base_address(key) not in leave_out:
            kept.setdefault(key, address)
    return tuple(kept.values())


def references_of(parent: Message) -> tuple[str, ...]:
    """The References of a reply to `parent`, RFC 5322 §3.6.4."""
    return reply_references(parent.references, parent.header_message_id)
