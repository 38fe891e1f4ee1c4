"""Claims: a worker takes deliveries under a lease in database time, with a fencing token."""

import logging
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from inboxes.models import Message
from outbound import notices, stopping
from outbound.models import Delivery
from outbound.transports.protocol import Phase

logger = logging.getLogger(__name__)
LEASE = timedelta(seconds=45)
RENEW_EVERY = 15.0  # seconds
POSTPONED = timedelta(minutes=1)
Status = Delivery.Status
_NOT_NEEDED = tuple(f"message__{column}" for column in Message.LARGE)


class LeaseLost(Exception):
    """Somebody else has the deliveries now; this worker must not go on."""


@dataclass(slots=True)
class Claim:
    """Deliveries of one message to one domain, ours until the lease ends."""

    message_id: UUID
    deliveries: tuple[Delivery, ...]
    reached: Phase = "connecting"  # the last phase that was committed
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def _held(self) -> QuerySet[Delivery]:
        """The rows while they are still ours: id and fencing token together; locked in order."""
        held = Q()
        for delivery in self.deliveries:
            held |= Q(pk=delivery.pk, fence=delivery.fence)
        ours = Delivery.objects.filter(held, status=Status.SENDING)
        if len(self.deliveries) == 1:
            return ours
        in_order = ours.select_for_update(no_key=True).order_by("pk").values("pk")
        return Delivery.objects.filter(pk__in=in_order)

    def enter(self, phase: Phase) -> None:
        """Commit that `phase` is about to begin. Raises LeaseLost or Stopping: do not begin it."""
        stopping.refuse_to_go_on()
        if phase == "connecting":
            return  # The claim has committed it. Whoever lost it since gets no further than this.
        with self._one_at_a_time:
            if len(self.deliveries) == 1:
                self._write(phase)
            else:
                with transaction.atomic():
                    self._write(phase)
        self.reached = phase

    def _write(self, phase: Phase) -> None:
        entered = self._held().update(phase=phase, lease_until=Now() + LEASE)
        if entered != len(self.deliveries):
            raise LeaseLost(f"message {self.message_id}: the lease is lost before {phase}")

    def renew(self) -> None:
        """Extend the lease of what is still ours."""
        with self._one_at_a_time:
            self._held().update(lease_until=Now() + LEASE)

    def give_back(self, *, after: float = 0) -> None:
        """Nothing was handed over: due in `after` seconds, and this attempt does not count."""
        self._held().update(
            status=Status.DEFERRED,
            phase=Delivery.Phase.NONE,
            lease_until=None,
            attempts=F("attempts") - 1,
            next_attempt_at=Now() + timedelta(seconds=after),
        )

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
                    connection.close()

        keeper = threading.Thread(target=keep, name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join(RENEW_EVERY)


def claim(message_id: UUID, rcpt_domain: str) -> Claim | None:
    """Take what is due of one message for one domain; None when another worker was first."""
    try:
        return _claim(message_id, rcpt_domain)
    except DatabaseError:
        raise
    except Exception:  # A listener's fault. It must not stand in the way of all other mail.
        logger.exception("message %s: cannot be claimed", message_id)
        _due_of(message_id, rcpt_domain).update(
            next_attempt_at=Now() + POSTPONED, last_reply="4.3.0 not sent: a fault on our side"
        )
        return None


def claim_next() -> Claim | None:
    """Take whatever has been due the longest; None when nothing is."""
    due = (
        Delivery.objects.filter(_due())
        .order_by("next_attempt_at", "id")
        .values_list("message_id", "rcpt_domain")[:20]
    )
    first, *others = dict.fromkeys(due) or [None]
    if first is None:
        return None
    random.shuffle(others)  # Workers that lost the first one would race for each of the others.
    for message_id, rcpt_domain in (first, *others):
        if claimed := claim(message_id, rcpt_domain):
            return claimed
    return None


def _due() -> Q:
    return Q(status__in=Delivery.WAITING, next_attempt_at__lte=Now())


def _due_of(message_id: UUID, rcpt_domain: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(_due(), message_id=message_id, rcpt_domain=rcpt_domain)


@transaction.atomic
def _claim(message_id: UUID, rcpt_domain: str) -> Claim | None:
    due = _due_of(message_id, rcpt_domain).select_related(
        "message__inbox__domain", "message__thread"
    )
    locked = due.select_for_update(skip_locked=True, no_key=True, of=("self",))
    deliveries = tuple(locked.defer(*_NOT_NEEDED).order_by("pk"))
    if not deliveries:
        return None
    now = timezone.now()
    Delivery.objects.filter(pk__in=[each.pk for each in deliveries]).update(
        status=Status.SENDING,
        phase=Delivery.Phase.CONNECTING,
        lease_until=Now() + LEASE,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        first_attempt_at=Coalesce("first_attempt_at", now),
    )
    for each in deliveries:  # As the rows now are: nobody else can have touched them.
        each.fence += 1
        each.attempts += 1
        each.first_attempt_at = each.first_attempt_at or now
    if deliveries[0].message.status == Message.Status.QUEUED:
        first = Message.objects.filter(pk=message_id, status=Message.Status.QUEUED)
        if first.update(status=Message.Status.SENDING):
            notices.tell(message_id, "sending")
    return Claim(message_id, deliveries)
