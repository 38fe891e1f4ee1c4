"""Whom a stranger might pretend to be: our people, inboxes and domains, by workspace."""

import time
from uuid import UUID

from accounts.models import Member
from inboxes.impostors import Ours, folded_name
from inboxes.models import Domain, Inbox

_KNOWN_FOR = 60.0  # seconds
_MOST_KNOWN = 1_000
_MOST_NAMES = 5_000

_known: dict[UUID, tuple[float, Ours]] = {}


def ours(workspace_id: UUID) -> Ours:
    """As they were at most a minute ago. Three queries, or none."""
    known = _known.get(workspace_id)
    if known is not None and time.monotonic() - known[0] < _KNOWN_FOR:
        return known[1]
    found = _ours(workspace_id)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[workspace_id] = time.monotonic(), found
    return found


def forget() -> None:
    """Look anew: people, inboxes or domains have changed."""
    _known.clear()


def _ours(workspace_id: UUID) -> Ours:
    people = Member.objects.filter(workspace_id=workspace_id).values_list(
        "user__name", "user__email"
    )[:_MOST_NAMES]
    inboxes = Inbox.objects.filter(workspace_id=workspace_id, deleted_at=None).values_list(
        "display_name", "email"
    )[:_MOST_NAMES]
    domains = Domain.objects.filter(workspace_id=workspace_id).values_list("name", flat=True)
    named = [*people, *inboxes]
    addresses = {address.lower() for _, address in named}
    shared = {address.rpartition("@")[2] for _, address in inboxes}
    return Ours(
        names=frozenset(filter(None, (folded_name(name) for name, _ in named))),
        domains=frozenset(domains) | shared,
        addresses=frozenset(addresses),
    )
