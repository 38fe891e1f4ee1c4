"""Claims: a worker takes deliveries under a lease in database time, with a fencing token."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from inboxes.models import Message
from outbound import notices
from outbound.models import Delivery
from outbound.transports.protocol import Phase

LEASE = timedelta(seconds=45)
RENEW_EVERY = 15.0  # seconds
Status = Delivery.Status


class LeaseLost(Exception):
    """Somebody else has the deliveries now; this worker must not go on."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Deliveries of one message to one domain, ours until the lease ends."""

    message_id: UUID
    deliveries: tuple[Delivery, ...]

    def _held(self) -> Q:
        """The rows while they are still ours: id and fencing token together."""
        held = Q()
        for delivery in self.deliveries:
            held |= Q(pk=delivery.pk, fence=delivery.fence)
        return held & Q(status=Status.SENDING)

    def enter(self, phase: Phase) -> None:
        """Commit that `phase` is about to begin. Raises LeaseLost: then do not begin it."""
        held = Delivery.objects.filter(self._held())
        if held.update(phase=phase, lease_until=Now() + LEASE) != len(self.deliveries):
            raise LeaseLost(f"message {self.message_id}: the lease is lost before {phase}")

    def renew(self) -> None:
        Delivery.objects.filter(self._held()).update(lease_until=Now() + LEASE)

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the lease from a thread while the body runs: a server may take minutes."""
        done = threading.Event()

        def keep() -> None:
            while not done.wait(RENEW_EVERY):
                try:
                    self.renew()
                except DatabaseError:
                    continue  # A lease that cannot be renewed ends by itself.
                finally:
                    close_old_connections()

        keeper = threading.Thread(target=keep, name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()


def claim(message_id: UUID, rcpt_domain: str) -> Claim | None:
    """Take what is due of one message for one domain; None when another worker was first."""
    return _claim(Q(message_id=message_id, rcpt_domain=rcpt_domain))


def claim_next() -> Claim | None:
    """Take whatever has been due the longest; None when nothing is."""
    due = (
        Delivery.objects.filter(_due())
        .order_by("next_attempt_at", "id")
        .values_list("message_id", "rcpt_domain")[:20]
    )
    for message_id, rcpt_domain in dict.fromkeys(due):
        if claimed := claim(message_id, rcpt_domain):
            return claimed
    return None


def _due() -> Q:
    return Q(status__in=Delivery.WAITING, next_attempt_at__lte=Now())


@transaction.atomic
def _claim(which: Q) -> Claim | None:
    rows = list(
        Delivery.objects.select_for_update(skip_locked=True)
        .filter(which & _due())
        .order_by("pk")
        .values_list("pk", "message_id")
    )
    if not rows:
        return None
    pks = [pk for pk, _ in rows]
    Delivery.objects.filter(pk__in=pks).update(
        status=Status.SENDING,
        phase=Delivery.Phase.CONNECTING,
        lease_until=Now() + LEASE,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        first_attempt_at=Coalesce("first_attempt_at", Now()),
    )
    message_id = rows[0][1]
    first = Message.objects.filter(pk=message_id, status=Message.Status.QUEUED)
    if first.update(status=Message.Status.SENDING):
        notices.tell(message_id, "sending")
    deliveries = Delivery.objects.filter(pk__in=pks).select_related("message__inbox__domain")
    return Claim(message_id, tuple(deliveries.order_by("pk")))
