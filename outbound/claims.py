"""Claims: a worker takes deliveries under a lease in database time, with a fencing token."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from inboxes.models import Message
from outbound import leases, notices, pauses, stopping, whole_messages
from outbound.models import Delivery
from outbound.supplies import Supplies
from outbound.transports.protocol import Phase

logger = logging.getLogger(__name__)
POSTPONED = timedelta(minutes=1)
Status = Delivery.Status
_NOT_NEEDED = tuple(f"message__{column}" for column in Message.LARGE)
_FAULT = "4.3.0 not sent: a fault on our side"


class LeaseLost(Exception):
    """Somebody else has the deliveries now; this worker must not go on."""


@dataclass(slots=True, eq=False)
class Claim:
    """Deliveries of one message to one domain, or all to a provider; ours until the lease ends."""

    message_id: UUID
    deliveries: tuple[Delivery, ...]
    reached: Phase = "connecting"  # the last phase that was committed
    supplies: Supplies | None = None  # what was looked up for many at once

    @property
    def message(self) -> Message:
        return self.deliveries[0].message

    def tokens(self) -> dict[int, int]:
        """The id of each delivery with the fencing token under which it is ours."""
        return {delivery.pk: delivery.fence for delivery in self.deliveries}

    def enter(self, phase: Phase) -> None:
        """Commit that `phase` is about to begin. Raises LeaseLost or Stopping: do not begin it."""
        stopping.refuse_to_go_on()
        if phase == "connecting":
            return  # The claim has committed it. Whoever lost it since gets no further than this.
        if not leases.enter(self.tokens(), phase):
            raise LeaseLost(f"message {self.message_id}: the lease is lost before {phase}")
        self.reached = phase

    @transaction.atomic
    def give_back(self, *, after: float = 0) -> None:
        """Nothing was handed over: due again `after` seconds, and this attempt does not count."""
        held = Q()
        for pk, fence in self.tokens().items():
            held |= Q(pk=pk, fence=fence)
        ours = Delivery.objects.filter(held, status=Status.SENDING)
        in_order = ours.select_for_update(no_key=True).order_by("pk").values("pk")
        Delivery.objects.filter(pk__in=in_order).update(
            status=Status.DEFERRED,
            phase=Delivery.Phase.NONE,
            lease_until=None,
            attempts=F("attempts") - 1,
            next_attempt_at=Now() + timedelta(seconds=after),
        )

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Have the lease renewed while the body runs: a server may take minutes."""
        leases.keeper.keep(self)
        try:
            yield
        finally:
            leases.keeper.let_go(self)


def claim(message_id: UUID, rcpt_domain: str) -> Claim | None:
    """Take what is due of one message for one domain; None when another worker was first."""
    try:
        return next(iter(_claim([(message_id, rcpt_domain)])), None)
    except DatabaseError:
        raise
    except Exception:  # A listener's fault. It must not stand in the way of all other mail.
        logger.exception("message %s: cannot be claimed", message_id)
        _due_of([(message_id, rcpt_domain)]).update(
            next_attempt_at=Now() + POSTPONED, last_reply=_FAULT
        )
        return None


def claim_next() -> Claim | None:
    """Take what has been due the longest, people's mail first; None when nothing is."""
    for by_person in (True, False):
        if found := claim_many(1, by_person=by_person):
            return found[0]
    return None


def claim_many(most: int, *, by_person: bool) -> list[Claim]:
    """Take up to `most` of what has been due the longest, in one transaction; empty: nothing is.

    `by_person`: what people approved, or what policies sent. What others have locked is passed by.
    """
    try:
        return _claim_due(most, by_person)
    except DatabaseError:
        raise
    except Exception:  # Which of them is at fault? The sound ones are found one at a time.
        logger.exception("%d messages cannot be claimed together", most)
    for pair in _longest_due(2 * most, by_person):
        if found := claim(*pair):
            return [found]
    return []


@transaction.atomic
def _claim_due(most: int, by_person: bool) -> list[Claim]:
    pairs = _longest_due(most, by_person, lock=True)
    return _claim(pairs) if pairs else []


def _longest_due(most: int, by_person: bool, *, lock: bool = False) -> list[tuple[UUID, str]]:
    """Messages, each with a domain, of the `most` deliveries that have been due the longest."""
    paused = pauses.in_force()
    if paused.hold_all(by_person=by_person):
        return []
    due = Delivery.objects.filter(_due(), by_person=by_person).order_by("next_attempt_at", "id")
    if held := paused.held(by_person=by_person):
        due = due.exclude(held)
    if lock:
        due = due.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return list(dict.fromkeys(due.values_list("message_id", "rcpt_domain")[:most]))


def _due() -> Q:
    return Q(status__in=Delivery.WAITING, next_attempt_at__lte=Now())


def _due_of(pairs: Sequence[tuple[UUID, str]]) -> QuerySet[Delivery]:
    """What is due of these messages for these domains (and, of several, for each other's)."""
    return Delivery.objects.filter(
        _due(),
        message_id__in={message_id for message_id, _ in pairs},
        rcpt_domain__in={rcpt_domain for _, rcpt_domain in pairs},
    )


@transaction.atomic
def _claim(pairs: Sequence[tuple[UUID, str]]) -> list[Claim]:
    due = _due_of(pairs).select_related("message__inbox__domain", "message__thread")
    locked = due.select_for_update(skip_locked=True, no_key=True, of=("self",))
    of_pairs: dict[tuple[UUID, str], list[Delivery]] = {}
    for each in locked.defer(*_NOT_NEEDED).order_by("pk"):
        of_pairs.setdefault((each.message_id, each.rcpt_domain), []).append(each)
    of_pairs = whole_messages.together(of_pairs)
    if not of_pairs:
        return []
    _take([each for some in of_pairs.values() for each in some], timezone.now())
    _tell_begun({some[0].message_id: some[0].message for some in of_pairs.values()})
    return [Claim(message_id, tuple(some)) for (message_id, _), some in of_pairs.items()]


def _take(deliveries: Sequence[Delivery], now: datetime) -> None:
    Delivery.objects.filter(pk__in=[each.pk for each in deliveries]).update(
        status=Status.SENDING,
        phase=Delivery.Phase.CONNECTING,
        lease_until=Now() + leases.LEASE,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        first_attempt_at=Coalesce("first_attempt_at", now),
    )
    for each in deliveries:  # As the rows now are: nobody else can have touched them.
        each.fence += 1
        each.attempts += 1
        each.first_attempt_at = each.first_attempt_at or now


def _tell_begun(messages: dict[UUID, Message]) -> None:
    """Say of each message that leaves for the first time that it is being sent."""
    queued = Message.objects.filter(
        pk__in=[pk for pk, each in messages.items() if each.status == Message.Status.QUEUED],
        status=Message.Status.QUEUED,
    )
    in_order = queued.select_for_update(no_key=True).order_by("pk")
    begun = list(in_order.values_list("pk", flat=True)) if messages else []
    if begun:
        Message.objects.filter(pk__in=begun).update(status=Message.Status.SENDING)
        notices.tell([notices.Notice(pk, "sending") for pk in begun])
