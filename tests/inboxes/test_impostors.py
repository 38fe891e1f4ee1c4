"""Senders who pretend to be one of us, and those who do not."""

import pytest

from inboxes import colleagues
from inboxes.impostors import Ours, folded_name, suspicions
from tests.inboxes.letters import compose, deliver, envelope_for

OURS = Ours(
    names=frozenset({folded_name("Bob Builder"), folded_name("Acme Support")}),
    domains=frozenset({"acmecorp.com"}),
    addresses=frozenset({"bob@acmecorp.com", "bob.builder@private.example"}),
)


def told(name, address, *reply_to):
    return suspicions(name, address, reply_to, OURS)


@pytest.mark.parametrize(
    "name",
    ["Bob Builder", "BUILDER, Bob", "Bоb Builder", "Вob  Builder", "bob@acmecorp.com"],
    ids=["same", "turned", "cyrillic", "cyrillic B", "address"],
)
def test_name_of_one_of_ours_from_outside_is_told(name):
    assert "name_of_ours" in told(name, "bob.builder.ceo@freemail.example")


@pytest.mark.parametrize("address", ["bob@acmecorp.com", "bob.builder@private.example"])
def test_our_own_people_are_not_suspected(address):
    assert told("Bob Builder", address) == []


def test_customer_with_a_common_first_name_is_not_suspected():
    assert told("Bob", "bob@customer.example") == []


@pytest.mark.parametrize(
    "domain",
    [
        *("acmecorp.co", "acrnecorp.com", "acmec0rp.com", "acme-corp.com", "acmecorp-billing.com"),
        *("acmecrop.com", "acmecorpp.com", "acmcorp.com", "xn--acmecrp-ejg.com", "аcmecorp.com"),
        "mail.acmecorp.net",
    ],
)
def test_domain_that_looks_like_ours_is_told(domain):
    assert "looks_like_ours" in told("Ann", f"ann@{domain}")


@pytest.mark.parametrize(
    "domain", ["customer.com", "corp.com", "acme.org", "mail.acmecorp.com", "macroscope.com", ""]
)
def test_other_domains_are_not_suspected(domain):
    assert told("Ann", f"ann@{domain}") == []


def test_mixed_alphabets_are_told_and_single_ones_are_not():
    assert told("Pаypal Service", "x@y.example") == ["mixed_scripts"]
    assert told("Анна Петрова", "anna@почта.рф") == []
    assert told("田中 Taro", "taro@customer.example") == []
    assert "mixed_scripts" in told("Ann", "ann@xn--pypal-4ve.com")


def test_answers_that_go_elsewhere_are_told():
    assert told("Ann", "ann@a.example", "ann@b.example") == ["reply_to_elsewhere"]
    assert told("Ann", "ann@mail.a.example", "ann@a.example", "help@acmecorp.com") == []


@pytest.mark.parametrize("name", ["", "\0", "\ud800", "x" * 10_000, "@" * 1000, "\u202e" * 300])
@pytest.mark.parametrize(
    "address", ["", "@", "a@" + "xn--" * 100, "a@\ud800", "a@..", "a@" + "." * 500]
)
def test_nonsense_is_no_error(name, address):
    assert isinstance(suspicions(name, address, [address, name], OURS), list)


@pytest.mark.django_db
def test_stranger_on_an_old_thread_is_told_in_the_warnings(inbox):
    deliver(envelope_for(inbox), compose())
    reply = {"in_reply_to": "<m1@customer.example>", "message_id": "m2@x", "subject": "Re: it"}
    (again,) = deliver(envelope_for(inbox), compose(**reply))
    stranger = compose(**{**reply, "message_id": "m3@x"}, sender="Eve <eve@evil.example>")
    (other,) = deliver(envelope_for(inbox), stranger)

    assert again.warnings == []
    assert other.warnings == ["new_participant"]


@pytest.mark.django_db
def test_name_of_a_colleague_is_told_in_the_warnings(inbox):
    colleagues.forget()
    inbox.display_name = "Acme Support"
    inbox.save(update_fields=["display_name"])
    (message,) = deliver(envelope_for(inbox), compose(sender="Acme Support <eve@evil.example>"))

    assert message.warnings == ["name_of_ours"]
