"""Young domains: a cap on the day's messages, and a part of it kept for people."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from inboxes.models import Domain
from outbound import claims, warm_up
from outbound.models import Delivery
from tests.outbound.mail import queued

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "most"), [(0, 100), (1, 200), (3, 800), (13, 819_200), (14, None), (400, None)]
)
def test_the_cap_doubles_every_day_and_ends(days, most):
    assert warm_up.cap(NOW - timedelta(days=days, hours=1), NOW) == most


@pytest.fixture
def young(inbox, settings, monkeypatch):
    """The inbox's domain, which may send four messages today."""
    settings.WARM_UP = "always"
    monkeypatch.setattr(warm_up, "FIRST_DAY", 4)
    warm_up._looked_up.cache_clear()
    yield inbox
    warm_up._looked_up.cache_clear()


def tried(inbox, count: int) -> None:
    for _ in range(count):
        message = queued(inbox)
        Delivery.objects.filter(message=message).update(
            status="sent", first_attempt_at=timezone.now()
        )
    warm_up._looked_up.cache_clear()


def test_automatic_mail_waits_at_three_quarters_and_people_send_on(young):
    tried(young, 3)
    queued(young, by_person=False)
    by_person = queued(young)

    claim = claims.claim_next()

    assert claim
    assert claim.message_id == by_person.pk
    assert claims.claim_next() is None


def test_at_the_cap_everything_waits_for_another_day(young):
    tried(young, 4)
    queued(young)
    assert claims.claim_next() is None

    Delivery.objects.filter(status="sent").update(
        first_attempt_at=timezone.now() - timedelta(hours=25)
    )
    warm_up._looked_up.cache_clear()

    assert claims.claim_next()


@pytest.mark.parametrize("why", ["known", "old", "smarthost"])
def test_no_cap_holds_back_the_mail_of_others(young, settings, why):
    tried(young, 4)
    if why == "known":
        settings.WARM_DOMAINS = ["acme.example"]
    elif why == "old":
        Domain.objects.update(created_at=timezone.now() - timedelta(days=15))
    else:
        settings.WARM_UP, settings.TRANSPORT = "direct", "smtp://127.0.0.1:1"
    warm_up._looked_up.cache_clear()
    queued(young)

    assert claims.claim_next()
