"""A domain that has just begun to send gets a cap on the messages of a day, doubled every day:
receivers are wary of sudden mail from where none came before."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from inboxes.models import Domain
from outbound.models import Delivery

FIRST_DAY = 100
DAYS = 14  # then there is no cap any more
SHARE_OF_AUTOMATIC = 0.75  # the rest of a day's cap is for what people approve
LOOK_EVERY = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Full:
    """Domains that have sent enough in the last 24 hours."""

    for_all: frozenset[UUID] = frozenset()
    for_automatic: frozenset[UUID] = frozenset()


def cap(since: datetime, now: datetime) -> int | None:
    """Deliveries a day for a domain that is with us since `since`; None: any number."""
    days = (now - since).days
    return FIRST_DAY * 2 ** max(days, 0) if days < DAYS else None


def applies() -> bool:
    """Whether domains are warmed up here: a smarthost or provider sees to its own name."""
    return settings.WARM_UP == "always" or (
        settings.WARM_UP == "direct" and settings.TRANSPORT == "direct"
    )


def full_domains() -> Full:
    """What has to wait now, as of a few seconds ago."""
    return _looked_up(int(time.monotonic() / LOOK_EVERY)) if applies() else Full()


@lru_cache(maxsize=1)
def _looked_up(turn: int) -> Full:
    now = timezone.now()
    young = Domain.objects.filter(created_at__gt=now - timedelta(days=DAYS))
    domains = young.exclude(name__in=settings.WARM_DOMAINS)
    since = {pk: owned or made for pk, owned, made in domains.values_list(*_BEGINNING)}
    begun = Q(first_attempt_at__gt=now - timedelta(days=1))
    counted = Delivery.objects.filter(
        begun, message__inbox__domain_id__in=since, created_at__gt=now - timedelta(days=DAYS)
    ).values_list("message__inbox__domain_id")
    sent = dict(counted.annotate(Count("pk")))
    caps = {pk: cap(at, now) for pk, at in since.items()}
    return Full(
        frozenset(pk for pk, most in caps.items() if most and sent.get(pk, 0) >= most),
        frozenset(
            pk for pk, most in caps.items() if most and sent.get(pk, 0) >= most * SHARE_OF_AUTOMATIC
        ),
    )


_BEGINNING = ("pk", "owned_at", "created_at")
