"""Who has a draft in hand. A lease is a courtesy between people; versions are what protects."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.scope import Scope
from drafts.models import Draft
from drafts.record import load, require
from drafts.refusals import DraftNotPending, LeaseHeld
from events.errors import Forbidden

LEASE = timedelta(minutes=5)


def held_by_person(draft: Draft, now: datetime) -> bool:
    return draft.lease_holder_id is not None and bool(draft.lease_until and draft.lease_until > now)


def take_lease(draft: Draft, *, by: Scope, take_over: bool = False) -> Draft:
    """Take or renew the lease for five minutes; `take_over` takes it out of another's hands.

    The version stays: nothing of the draft changes. Raises LeaseHeld naming the holder,
    DraftNotPending when there is nothing left to decide, Forbidden for keys and for people who may
    not write here.
    """
    require(by, draft, "draft")
    if by.user is None:
        raise Forbidden("Only a person can have a draft in hand.")
    now = timezone.now()
    rows = Draft.objects.filter(pk=draft.pk, status__in=Draft.UNDECIDED)
    if not take_over:
        free = Q(lease_holder=None) | Q(lease_until__lte=now) | Q(lease_holder=by.user)
        rows = rows.filter(free)
    taken = rows.update(lease_holder=by.user, lease_until=now + LEASE)
    present = load(draft.pk)
    if taken:
        return present
    raise LeaseHeld(present) if present.status in Draft.UNDECIDED else DraftNotPending(present)


def release_lease(draft: Draft, *, by: Scope) -> None:
    """Let go of one's own lease. Somebody else's stays."""
    Draft.objects.filter(pk=draft.pk, lease_holder=by.user).update(
        lease_holder=None, lease_until=None
    )
