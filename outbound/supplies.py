"""What has to be known before a message leaves, looked up for all that were claimed together."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from inboxes.addresses import fold_address
from inboxes.models import Message
from outbound import dkim, pauses, suppression
from outbound.models import Delivery
from outbound.signing import signers_of

FRESH_FOR = 0.5  # seconds in which a switch or a suppression may not be seen yet
LARGEST = 256 * 1024  # octets; what is larger is read when its turn comes
_OCTETS = """
    SELECT message_id, octets FROM inboxes_messageraw
     WHERE message_id = ANY(%s) AND octet_length(octets) <= %s
"""


@dataclass(frozen=True, slots=True)
class Supplies:
    """`octets` and `signers` may lack what is asked for: it is looked up then."""

    pauses: pauses.Pauses
    suppressed: Mapping[tuple[UUID, str], str]  # reasons by workspace and folded address
    octets: Mapping[UUID, bytes] = field(default_factory=dict, repr=False)
    signers: Mapping[UUID, Sequence[dkim.Signer]] = field(default_factory=dict, repr=False)
    since: float = field(default_factory=time.monotonic)

    @property
    def are_fresh(self) -> bool:
        return time.monotonic() < self.since + FRESH_FOR


def for_one(deliveries: Sequence[Delivery]) -> Supplies:
    """As it is now, for deliveries of one message."""
    return Supplies(pauses.in_force(), _suppressed(deliveries))


def for_many(deliveries: Sequence[Delivery]) -> Supplies:
    """As it is now, for deliveries whose turn comes at once; with what is sent and signed with."""
    since = time.monotonic()
    messages = {each.message_id: each.message for each in deliveries}
    domains = {each.inbox.domain_id: each.inbox.domain for each in messages.values()}
    return Supplies(
        pauses.in_force(),
        _suppressed(deliveries),
        _octets(messages),
        {pk: signers_of(domain) for pk, domain in domains.items()},
        since,
    )


def _suppressed(deliveries: Sequence[Delivery]) -> dict[tuple[UUID, str], str]:
    addresses: dict[UUID, set[str]] = {}
    for each in deliveries:
        workspace_id = each.message.inbox.workspace_id
        addresses.setdefault(workspace_id, set()).add(fold_address(each.rcpt_to))
    return {
        (workspace_id, address): reason
        for workspace_id, some in addresses.items()
        for address, reason in suppression.reasons_to_withhold(workspace_id, some).items()
    }


def _octets(messages: Mapping[UUID, Message]) -> dict[UUID, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(_OCTETS, [list(messages), LARGEST])
        return {pk: bytes(octets) for pk, octets in cursor.fetchall()}
