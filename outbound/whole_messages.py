"""Messages that leave in one piece: a provider takes a message once, for all of its recipients.

The queue hands out what is due by the recipients' domains. A provider that were asked domain by
domain would show each recipient a message that went to nobody else.
"""

from collections.abc import Mapping
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from inboxes.models import Domain, Message
from outbound import ways_out
from outbound.models import Delivery
from outbound.signing import domain_of

Pair = tuple[UUID, str]
ALL_DOMAINS = ""
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


def together(of_pairs: Mapping[Pair, list[Delivery]]) -> dict[Pair, list[Delivery]]:
    """Locked deliveries by message and domain, where those of a message for a provider are one.

    What else is due of such a message is locked too, or was deferred: that would be due within
    minutes. Of two workers that each hold a part, one gets all: the other's part is left out here.
    """
    kept: dict[Pair, list[Delivery]] = {}
    whole: dict[UUID, Message] = {}
    for pair, deliveries in of_pairs.items():
        if _is_whole(deliveries[0].message):
            whole[pair[0]] = deliveries[0].message
        else:
            kept[pair] = deliveries
    for message_id in sorted(whole):
        if not _may_gather(message_id):
            break  # Whoever gathers waits for us: we must not wait for them, with any of the rest.
        rows = Delivery.objects.filter(_goes_along(), message_id=message_id).order_by("pk")
        gathered = list(rows.select_for_update(no_key=True))
        for each in gathered:
            each.message = whole[message_id]
        if gathered:
            kept[message_id, ALL_DOMAINS] = gathered
    return kept


def _goes_along() -> Q:
    is_due = Q(next_attempt_at__lte=Now()) | Q(attempts__gt=0)
    return Q(status__in=Delivery.WAITING) & is_due


def _is_whole(message: Message) -> bool:
    try:
        way = ways_out.own_way(domain_of(message))
    except (ways_out.Unusable, Domain.DoesNotExist):
        return False  # The attempt will say so.
    return way is not None and way.is_provider


def _may_gather(message_id: UUID) -> bool:
    """Until the transaction ends, for one worker at a time. Whoever may not waits for nobody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [str(message_id)]
        )
        row = cursor.fetchone()
    return bool(row and row[0])
