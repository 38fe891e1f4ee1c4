"""What is looked up for a stock of messages at once holds for each, and not for long."""

import pytest

from outbound import attempts, claims, senders, supplies
from outbound.models import Pause, Suppression
from outbound.signing import domain_of, new_domain_keys, signed_octets
from outbound.switching import Switch, pause
from tests.outbound.mail import queued, statuses


@pytest.fixture
def stock_of():
    """Claims them all, as a lane does."""

    def claim(count):
        found = claims.claim_many(count, by_person=True)
        assert len(found) == count
        senders._supply(found)
        return found

    return claim


def test_a_stock_leaves_as_each_of_it_would_alone(inbox, server, way_out, stock_of):
    new_domain_keys(inbox.domain)
    way_out(there := server())
    messages = [queued(inbox), queued(inbox)]

    for claim in stock_of(2):
        attempts.attempt(claim)

    wanted = {signed_octets(each, domain_of(each)) for each in messages}
    # Ed25519 and PKCS #1 v1.5 sign the same octets the same way.
    assert set(there.seen.messages) == wanted


def test_who_is_suppressed_gets_nothing_of_a_stock(inbox, server, way_out, stock_of):
    way_out(there := server())
    refused, other = queued(inbox, "Ann@customer.example"), queued(inbox, "ben@customer.example")
    Suppression.objects.create(
        workspace=inbox.workspace, address="ann@customer.example", reason="manual"
    )

    for claim in stock_of(2):
        attempts.attempt(claim)

    assert (statuses(refused), statuses(other)) == (["suppressed"], ["sent"])
    assert len(there.seen.messages) == 1


def test_a_switch_holds_what_was_claimed_before_it_was_thrown(
    inbox, server, way_out, stock_of, monkeypatch
):
    way_out(there := server())
    messages = [queued(inbox), queued(inbox)]
    stock = stock_of(2)
    pause(Switch(Pause.Reach.INBOX, inbox.pk, Pause.Extent.EVERYTHING), reason="", by="user:1")
    monkeypatch.setattr(supplies, "FRESH_FOR", 0.0)  # as if so much time had passed

    for claim in stock:
        attempts.attempt(claim)

    assert [statuses(each) for each in messages] == [["deferred"], ["deferred"]]
    assert there.seen.connections == 0


def test_large_octets_wait_in_the_database_for_their_turn(inbox, server, way_out, stock_of):
    way_out(there := server())
    queued(inbox, plain_body="much to say\n" * 30_000)
    queued(inbox)

    stock = stock_of(2)
    assert stock[0].supplies
    assert len(stock[0].supplies.octets) == 1
    for claim in stock:
        attempts.attempt(claim)

    assert len(there.seen.messages) == 2
