"""Who a recipient address reaches: asked at RCPT, so that nothing is taken that has no home."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef

from inboxes.addresses import base_address, fold_address, fold_domain
from inboxes.domains import usable
from inboxes.models import Address, Domain, Inbox
from inboxes.reserved import ROLES


@dataclass(frozen=True, slots=True)
class Recipient:
    """A `rcpt_to` as the sender gave it, and the inbox of ours that it reaches."""

    rcpt_to: str
    inbox_id: UUID
    workspace_id: UUID
    delivery_id: int | None = None  # where it is an envelope sender of ours: of which delivery


class ReturnAddresses(Protocol):
    """Those above us who know the addresses that our envelope senders name."""

    def owns(self, rcpt_to: str) -> bool:
        """Whether this has the form of such an address: then nobody else is asked."""

    def find(self, rcpt_to: str) -> Recipient | None:
        """Whom it reaches; None when it was not made by us."""


_return_addresses: list[ReturnAddresses] = []


def register_return_addresses(known: ReturnAddresses) -> None:
    _return_addresses.append(known)


def find_recipient(rcpt_to: str) -> Recipient | None:
    """The inbox behind an address, its sub-addresses included (RFC 5233); None if there is none.

    An inbox that was deleted, or whose domain takes no mail (yet), is none. One query; another
    for postmaster and abuse, which reach a person on every domain.
    """
    for known in _return_addresses:
        if known.owns(rcpt_to):
            return known.find(rcpt_to)
    exact, base = fold_address(rcpt_to), base_address(rcpt_to)
    domain = fold_domain(rcpt_to.rpartition("@")[2])
    takes_mail = Domain.objects.filter(
        usable(OuterRef("inbox__domain"), OuterRef("inbox__workspace")),
        name=domain,
        inbound_enabled=True,
    )
    rows = (
        Address.objects.filter(address__in={exact, base}, inbox__deleted_at=None)
        .filter(Exists(takes_mail))
        .values_list("address", "inbox_id", "inbox__workspace_id")
    )
    found = {address: (inbox_id, workspace_id) for address, inbox_id, workspace_id in rows}
    ids = found.get(exact) or found.get(base)
    if ids is None and base.partition("@")[0] in ROLES:
        ids = _first_inbox(domain if "@" in rcpt_to else None)
    return Recipient(rcpt_to, *ids) if ids else None


def _first_inbox(domain: str | None) -> tuple[UUID, UUID] | None:
    """Who gets mail for the postmaster of a domain that has none: the oldest inbox of the
    workspace whose domain it is. Without a domain it is that of the installation, else the first
    that takes mail (RFC 5321 §4.5.1)."""
    inboxes = Inbox.objects.alive().filter(
        workspace=F("domain__workspace"), domain__inbound_enabled=True
    )
    name = fold_domain(settings.DEFAULT_DOMAIN) if domain is None else domain
    if name or domain is not None:
        inboxes = inboxes.filter(domain__name=name)
    oldest = inboxes.order_by("domain__created_at", "created_at", "id")
    return oldest.values_list("id", "workspace_id").first()
