"""Claims: one worker at a time, and none that has lost its lease."""

import pytest
from django.db import connection

from inboxes.models import Message
from outbound import claims, leases, notices, stopping
from outbound.claims import LeaseLost
from outbound.models import Delivery
from outbound.sweeping import release_expired
from tests.outbound.mail import at_once, claimed, due_now, elsewhere, lease_over, queued, statuses


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_one_gets_the_message(inbox):
    message = queued(inbox)

    ends = at_once(*[lambda: claims.claim(message.pk, "customer.example")] * 8)

    assert sorted(type(end).__name__ for end in ends) == ["Claim"] + ["NoneType"] * 7


@pytest.mark.django_db(transaction=True)
def test_eight_workers_share_a_queue_without_overlap(inbox):
    messages = [queued(inbox).pk for _ in range(24)]

    def work() -> list[object]:
        taken = []
        while claim := claims.claim_next():
            taken.append(claim.message_id)
        return taken

    ends = at_once(*[work] * 8)

    assert sorted(each for end in ends for each in end) == sorted(messages)


def test_a_claim_takes_one_domain_only(inbox):
    message = queued(inbox, "ann@customer.example", "bob@other.example", "eve@customer.example")

    claim = claimed(message)

    assert [each.rcpt_to for each in claim.deliveries] == [
        "ann@customer.example",
        "eve@customer.example",
    ]
    assert statuses(message) == ["sending", "queued", "sending"]


def test_what_has_been_due_the_longest_comes_first(inbox):
    later, sooner = queued(inbox, hold=-1), queued(inbox, hold=-60)

    claim = claims.claim_next()

    assert claim
    assert claim.message_id == sooner.pk
    assert statuses(later) == ["queued"]


@pytest.mark.django_db(transaction=True)
def test_a_phase_is_committed_before_it_begins(inbox):
    message = queued(inbox)
    claim = claimed(message)
    for phase in ("connecting", "data", "committing"):
        claim.enter(phase)
        seen = elsewhere(lambda: Delivery.objects.get(message=message))
        assert (seen.phase, seen.status) == (phase, "sending")


def test_a_worker_whose_lease_ended_enters_no_phase(inbox):
    message = queued(inbox, "ann@customer.example", "bob@customer.example")
    claim = claimed(message)
    lease_over(message)
    assert release_expired() == 2

    with pytest.raises(LeaseLost):
        claim.enter("data")
    assert statuses(message) == ["deferred", "deferred"]


def test_a_worker_that_lost_part_of_its_lease_enters_no_phase(inbox):
    message = queued(inbox, "ann@customer.example", "bob@customer.example")
    claim = claimed(message)
    Delivery.objects.filter(rcpt_to="bob@customer.example").update(fence=99)

    with pytest.raises(LeaseLost):
        claim.enter("committing")
    assert set(Delivery.objects.values_list("phase", flat=True)) == {"connecting"}


def test_of_claims_that_enter_together_only_those_that_are_whole_do(inbox):
    sound, torn = queued(inbox), queued(inbox, "ann@customer.example", "ben@customer.example")
    steps = [leases._Step(claimed(each).tokens(), "committing") for each in (sound, torn)]
    Delivery.objects.filter(message=torn, rcpt_to="ben@customer.example").update(fence=99)

    assert leases._enter(steps) == [True, False]

    phases = dict(Delivery.objects.values_list("message_id", "phase"))
    assert phases == {sound.pk: "committing", torn.pk: "connecting"}


def test_a_worker_cannot_touch_what_another_has_claimed_since(inbox):
    message = queued(inbox)
    late = claimed(message)
    lease_over(message)
    release_expired()
    claimed(message)

    with pytest.raises(LeaseLost):
        late.enter("committing")
    leases.renew(late.tokens())
    late.give_back()
    assert statuses(message) == ["sending"]
    assert Delivery.objects.get(message=message).phase == "connecting"


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_a_server_takes_its_time(inbox, monkeypatch):
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.05)
    monkeypatch.setattr(leases, "keeper", leases.Keeper())
    message = queued(inbox)
    claim = claimed(message)
    lease_over(message)
    with claim.kept_alive():
        before = Delivery.objects.get(message=message).lease_until
        for _ in range(100):
            now = Delivery.objects.get(message=message).lease_until
            if now > before:
                break
            connection.cursor().execute("SELECT pg_sleep(0.05)")

    assert now > before
    assert release_expired() == 0


@pytest.mark.usefixtures("stopped")
def test_a_worker_that_is_to_stop_enters_no_phase_and_gives_back(inbox):
    message = queued(inbox)
    claim = claimed(message)

    with pytest.raises(stopping.Stopping):
        claim.enter("data")
    claim.give_back()

    delivery = Delivery.objects.get(message=message)
    assert (delivery.status, delivery.attempts) == ("deferred", 0)
    assert claims.claim(message.pk, "customer.example")


@pytest.fixture
def broken_listener():
    def listener(told: list[notices.Notice]) -> None:
        if listener.broken_for in [each.message_id for each in told]:  # type: ignore[attr-defined]
            raise KeyError("a bug above")

    notices.register(listener)
    yield listener
    notices._listeners.remove(listener)


def test_a_message_that_cannot_be_claimed_does_not_stop_the_others(inbox, broken_listener):
    broken, sound = queued(inbox, hold=-60), queued(inbox)
    broken_listener.broken_for = broken.pk

    claim = claims.claim_next()

    assert claim
    assert claim.message_id == sound.pk
    assert claims.claim_next() is None
    due_now(broken)
    broken_listener.broken_for = None
    assert claims.claim_next()


def test_the_first_claim_says_that_the_message_is_being_sent(inbox):
    message = queued(inbox, "ann@customer.example", "bob@other.example")
    told = []
    notices.register(listener := told.extend)
    try:
        claimed(message)
        claimed(message, "other.example")
    finally:
        notices._listeners.remove(listener)

    assert [each.kind for each in told] == ["sending"]
    assert Message.objects.get(pk=message.pk).status == Message.Status.SENDING
