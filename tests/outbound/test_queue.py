"""The queue: what is put into it, taken back, and answered by a person."""

import socket
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from kombu import pools

from events.models import AuditEntry
from inboxes.models import Message
from mailagent.celery import app
from outbound import claims, hints, queue
from outbound.models import Delivery
from outbound.sweeping import release_expired
from tests import database
from tests.outbound.mail import at_once, claimed, lease_over, queued, statuses
from tests.outbound.worker_process import eventually


@pytest.fixture
def broker():
    """The broker's list of waiting wake-up calls."""
    client = database.broker()
    client.delete("celery")
    yield client
    client.delete("celery")
    client.close()


def test_each_address_gets_one_delivery(inbox):
    message = queued(inbox, "Ann@Customer.example", "ann@customer.example", "bob@other.example")

    rows = Delivery.objects.filter(message=message).order_by("pk")
    assert [(row.rcpt_to, row.rcpt_domain) for row in rows] == [
        ("Ann@customer.example", "customer.example"),
        ("bob@other.example", "other.example"),
    ]


@pytest.mark.django_db(transaction=True)
def test_workers_are_woken_by_the_commit_and_not_before(inbox, broker):
    with transaction.atomic():
        queued(inbox, "ann@customer.example", "bob@other.example")
        time.sleep(0.2)
        assert broker.llen("celery") == 0

    eventually(lambda: broker.llen("celery") == 1, "a wake-up call")


@pytest.mark.django_db(transaction=True)
def test_nobody_is_woken_by_a_transaction_that_is_rolled_back(inbox, broker):
    with transaction.atomic():
        queued(inbox)
        transaction.set_rollback(True)

    time.sleep(0.3)
    assert broker.llen("celery") == 0


@pytest.mark.django_db(transaction=True)
def test_what_is_due_in_days_is_left_to_the_sweeper(inbox, broker):
    queued(inbox, hold=2 * hints.LONGEST_WAIT.total_seconds())

    time.sleep(0.3)
    assert broker.llen("celery") == 0


def connect_anew() -> None:
    """Have Celery forget its connections, as after a fork."""
    pools.reset()
    app._after_fork()


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_holds_nobody_up(inbox, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes calls and answers none
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        monkeypatch.setattr(app.conf, "broker_url", url)
        monkeypatch.setattr(app.conf, "broker_write_url", url)
        connect_anew()
        began = time.monotonic()
        message = queued(inbox)
        took = time.monotonic() - began
    eventually(lambda: hints._giver._broker_away, "the hint is given up", 20)
    monkeypatch.undo()
    connect_anew()

    assert took < 0.5
    assert statuses(message) == ["queued"]


@pytest.mark.django_db(transaction=True)
def test_what_is_withdrawn_cannot_be_claimed(inbox):
    message = queued(inbox, "ann@customer.example", "bob@other.example")

    assert queue.withdraw(message)

    assert statuses(message) == ["cancelled", "cancelled"]
    assert Message.objects.get(pk=message.pk).status == Message.Status.CANCELLED
    assert claims.claim(message.pk, "customer.example") is None
    assert claims.claim_next() is None


def test_what_was_claimed_in_part_is_not_withdrawn_at_all(inbox):
    message = queued(inbox, "ann@customer.example", "bob@other.example")
    claimed(message)

    assert not queue.withdraw(message)

    assert statuses(message) == ["sending", "queued"]
    assert Message.objects.get(pk=message.pk).status == Message.Status.SENDING


def test_what_was_tried_and_deferred_is_not_withdrawn(inbox):
    message = queued(inbox)
    claimed(message).give_back()

    Delivery.objects.filter(message=message).update(attempts=1)
    assert not queue.withdraw(message)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(15))
def test_of_withdrawing_and_claiming_at_once_exactly_one_succeeds(inbox, attempt):
    message = queued(inbox, "ann@customer.example", "bob@customer.example", "eve@other.example")

    undone, first, second = at_once(
        lambda: queue.withdraw(message),
        lambda: claims.claim(message.pk, "customer.example"),
        lambda: claims.claim(message.pk, "other.example"),
    )

    assert undone in (True, False)
    if undone:
        assert (first, second) == (None, None)
        assert set(statuses(message)) == {"cancelled"}
    else:
        assert first or second
        assert "cancelled" not in statuses(message)


@pytest.fixture
def uncertain(inbox) -> Delivery:
    """A delivery of which nobody knows whether it arrived."""
    message = queued(inbox)
    claim = claimed(message)
    claim.enter("data")
    claim.enter("committing")
    lease_over(message)
    assert release_expired() == 1
    return Delivery.objects.get(message=message)


def test_a_person_can_say_that_it_arrived(uncertain):
    assert queue.mark_arrived(uncertain, by="user:1")

    assert statuses(uncertain.message) == ["sent"]
    assert Message.objects.get(pk=uncertain.message_id).status == Message.Status.SENT
    assert AuditEntry.objects.filter(action="delivery.arrived", actor="user:1").count() == 1


def test_a_person_can_have_it_sent_again(uncertain):
    assert queue.resend_uncertain(uncertain, by="user:1")

    assert statuses(uncertain.message) == ["deferred"]
    assert claims.claim(uncertain.message_id, "customer.example")


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_counts(uncertain):
    ends = at_once(
        lambda: queue.mark_arrived(uncertain, by="user:1"),
        lambda: queue.resend_uncertain(uncertain, by="user:2"),
    )

    assert sorted(ends) == [False, True]


def test_a_message_held_for_a_day_is_not_due(inbox):
    message = queued(inbox, hold=timedelta(days=1).total_seconds())

    assert claims.claim(message.pk, "customer.example") is None
    assert claims.claim_next() is None
    assert Delivery.objects.get(message=message).next_attempt_at > timezone.now()
