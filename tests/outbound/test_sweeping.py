"""The sweeper: what a dead worker left is found, and nothing is done twice for it."""

import pytest

from inboxes.models import Message
from outbound import sweeping
from outbound.models import Delivery, DeliveryAttempt
from outbound.sweeping import release_expired, something_is_due
from tests.outbound.mail import (
    at_once,
    claimed,
    due_now,
    events_of,
    lease_over,
    queued,
    statuses,
)


def died_at(message: Message, *phases: str) -> None:
    """A worker claimed the message, entered the phases, and died."""
    claim = claimed(message)
    for phase in phases:
        claim.enter(phase)
    lease_over(message)


@pytest.mark.parametrize("phases", [(), ("connecting",), ("connecting", "data")])
def test_dead_before_committing_is_due_again_without_a_word(inbox, phases):
    message = queued(inbox)
    died_at(message, *phases)

    assert release_expired() == 1

    assert statuses(message) == ["deferred"]
    assert something_is_due()
    assert events_of(message) == []
    assert not DeliveryAttempt.objects.exists()
    assert claimed(message)


def test_dead_at_committing_is_uncertain_for_what_a_person_approved(inbox):
    message = queued(inbox, "ann@customer.example", "bob@customer.example")
    died_at(message, "data", "committing")

    assert release_expired() == 2

    assert statuses(message) == ["uncertain", "uncertain"]
    assert Message.objects.get(pk=message.pk).status == "uncertain"
    assert not something_is_due()
    assert [name for name, _ in events_of(message)] == ["message.uncertain"] * 2
    assert "died" in Delivery.objects.filter(message=message).first().last_reply


def test_dead_at_committing_is_tried_once_more_for_what_a_policy_sent(inbox):
    message = queued(inbox, by_person=False)
    died_at(message, "data", "committing")
    release_expired()
    assert statuses(message) == ["deferred"]

    due_now(message)
    died_at(message, "data", "committing")
    release_expired()

    assert statuses(message) == ["uncertain"]
    assert [name for name, _ in events_of(message)] == ["message.uncertain"]


def test_a_lease_that_runs_is_left_alone(inbox):
    message = queued(inbox)
    claimed(message)

    assert release_expired() == 0
    assert statuses(message) == ["sending"]


def test_a_message_that_kills_its_workers_comes_to_wait(inbox):
    message = queued(inbox)
    for _ in range(sweeping.SILENT_RETRIES + 1):
        died_at(message, "connecting")
        release_expired()

    delivery = Delivery.objects.get(message=message)
    assert (delivery.status, delivery.attempts) == ("deferred", sweeping.SILENT_RETRIES + 1)
    assert not something_is_due()
    assert "died" in delivery.last_reply


@pytest.mark.django_db(transaction=True)
def test_several_sweepers_release_each_delivery_once(inbox):
    for _ in range(12):
        died_at(queued(inbox), "data", "committing")

    ends = at_once(*[release_expired] * 4)

    assert sum(ends) == 12
    assert DeliveryAttempt.objects.count() == 12
    assert set(Delivery.objects.values_list("status", flat=True)) == {"uncertain"}


def test_nothing_is_due_while_all_is_held(inbox):
    queued(inbox, hold=60)

    assert not something_is_due()
