"""Which address a new inbox gets: the one asked for, or the nearest that is free."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import Workspace
from events.errors import Invalid
from events.metadata import fitting
from inboxes.addresses import fold_address, fold_domain
from inboxes.closing import free_expired
from inboxes.models import Address, Domain, Inbox
from inboxes.opening import AddressTaken, open_inbox

MOST_NUMBER = 99
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """An inbox as it is asked for. Without a username one is made up; `is_strict`: that or none."""

    username: str = ""
    domain: str = ""
    display_name: str = ""
    review_mode: Inbox.ReviewMode = Inbox.ReviewMode.REQUIRED
    metadata: dict[str, Any] = field(default_factory=dict)
    is_strict: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """The inbox, and its mail password if it is new."""

    inbox: Inbox
    password: str | None


def installation_domain() -> Domain | None:
    """The domain on which every workspace may open inboxes, if this installation has one."""
    name = fold_domain(settings.DEFAULT_DOMAIN)
    return Domain.objects.held().filter(name=name).first() if name else None


def domain_for(workspace: Workspace, name: str = "") -> Domain:
    """The domain of that name which the workspace may use; without a name, the installation's,
    else the workspace's oldest that is verified. Raises Invalid."""
    shared = installation_domain()
    if not name:
        found = shared or workspace.domains.held().order_by("created_at", "id").first()
        if found is None:
            raise Invalid.field("domain", "This workspace has no verified domain: add one first.")
        return found
    folded = fold_domain(name)
    if shared is not None and shared.name == folded:
        return shared
    own: Domain | None = workspace.domains.filter(name=folded).first()
    if own is None:
        raise Invalid.field("domain", "This workspace has no such domain.")
    return own


def claim(workspace: Workspace, wanted: Wanted, *, by: str) -> Claimed:
    """The workspace's own inbox of that name, else a new one: under the name, or, where somebody
    else has it, under the first that is free of `name1` to `name99`.

    Raises Invalid, DomainNotVerified, and AddressTaken where none is free.
    """
    domain = domain_for(workspace, wanted.domain)
    username = wanted.username or f"inbox-{secrets.token_hex(5)}"
    for _ in range(_TRIES):  # Another caller may take the name between the look and the deed.
        if own := _own(workspace, domain, username):
            return Claimed(own, None)
        try:
            return _open(workspace, domain, _first_free(domain, username, wanted), wanted, by)
        except AddressTaken:
            continue
    raise _taken(domain, username)


def _own(workspace: Workspace, domain: Domain, username: str) -> Inbox | None:
    alive = Inbox.objects.alive().filter(workspace=workspace, domain=domain, username=username)
    return alive.filter(addresses__address=fold_address(f"{username}@{domain.name}")).first()


def _first_free(domain: Domain, username: str, wanted: Wanted) -> str:
    numbered = [] if wanted.is_strict else [f"{username}{n}" for n in range(1, MOST_NUMBER + 1)]
    addresses = {fold_address(f"{name}@{domain.name}"): name for name in [username, *numbered]}
    free_expired(addresses)
    taken = set(Address.objects.filter(address__in=addresses).values_list("address", flat=True))
    free = [name for address, name in addresses.items() if address not in taken]
    if not free:
        raise _taken(domain, username)
    return free[0]


def _taken(domain: Domain, username: str) -> AddressTaken:
    return AddressTaken(f"{username}@{domain.name} is taken.")


@transaction.atomic
def _open(workspace: Workspace, domain: Domain, username: str, wanted: Wanted, by: str) -> Claimed:
    opened = open_inbox(
        workspace,
        domain,
        username,
        by=by,
        display_name=wanted.display_name,
        review_mode=wanted.review_mode,
    )
    if wanted.metadata:
        opened.inbox.metadata = fitting(wanted.metadata)
        opened.inbox.save(update_fields=["metadata"])
    return Claimed(opened.inbox, opened.password)
