"""Addresses as they come, and as they are compared."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxes.addresses import (
    Address,
    base_address,
    fold_address,
    parse_addresses,
    parse_mailbox,
    split_address,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ann@customer.example", [("", "ann@customer.example")]),
        ("Ann <ann@customer.example>", [("Ann", "ann@customer.example")]),
        ('"Lee, Ann" <ann@customer.example>', [("Lee, Ann", "ann@customer.example")]),
        ("Lee, Ann <ann@customer.example>", [("Lee, Ann", "ann@customer.example")]),
        (r'"Ann \"A\" Lee" <a@b.example>', [('Ann "A" Lee', "a@b.example")]),
        ("ann@b.example (Ann (the first) Lee)", [("Ann (the first) Lee", "ann@b.example")]),
        ("=?utf-8?q?K=C3=BCster=2C_Ann?= <a@b.example>", [("Küster, Ann", "a@b.example")]),
        ('"=?utf-8?b?S8O8c3Rlcg==?=" <a@b.example>', [("Küster", "a@b.example")]),
        (
            "=?utf-8?q?Doe,_J?= <a@b.example>, c@d.example",
            [("Doe, J", "a@b.example"), ("", "c@d.example")],
        ),
        ("'ann@b.example' <ann@b.example>", [("ann@b.example", "ann@b.example")]),
        (
            "Team: ann@b.example, Bob <bob@b.example>;",
            [("", "ann@b.example"), ("Bob", "bob@b.example")],
        ),
        ("undisclosed-recipients:;", []),
        ("<@relay.example,@other.example:ann@b.example>", [("", "ann@b.example")]),
        ("<ann@b.example", [("", "ann@b.example")]),
        ("<<ann@b.example>>", [("", "ann@b.example")]),
        ("<a@b.example> <c@d.example>", [("", "a@b.example"), ("", "c@d.example")]),
        ("mailto:ann@b.example", [("", "ann@b.example")]),
        ("a@b.example; c@d.example", [("", "a@b.example"), ("", "c@d.example")]),
        ('"john doe"@b.example', [("", '"john doe"@b.example')]),
        ("ann@bücher.example", [("", "ann@bücher.example")]),
        ("ann@[192.0.2.1]", [("", "ann@[192.0.2.1]")]),
        ("ann@b.example.", [("", "ann@b.example")]),
        ("ann at b.example (Ann)", []),
        ("MAILER-DAEMON", []),
        ("<>", []),
        (", ,, ;", []),
        ("", []),
    ],
)
def test_mailboxes_are_found(value, expected):
    assert parse_addresses(value) == tuple(Address(name, spec) for name, spec in expected)


def test_no_more_addresses_than_the_limit_are_given():
    assert len(parse_addresses("a@b.example, " * 5000, limit=7)) == 7


def test_a_field_encoded_as_a_whole_still_gives_its_address():
    value = "=?utf-8?b?QW5uIDxhbm5AYi5leGFtcGxlPg==?="
    assert parse_addresses(value) == (Address("Ann", "ann@b.example"),)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="a@.<>,;:\"\\()[]= ?qbu8'\r\n\té\0", max_size=60))
def test_any_text_gives_addresses_that_have_two_sides(value):
    for address in parse_addresses(value):
        local, _, domain = address.addr_spec.rpartition("@")
        assert local
        assert domain
        assert not set("\r\n\0") & set(address.addr_spec + address.name)


def test_folding_ignores_case_and_knows_international_domains():
    assert fold_address("Ann@Bücher.Example.") == "ann@xn--bcher-kva.example"
    assert fold_address("ANN@XN--BCHER-KVA.example") == "ann@xn--bcher-kva.example"


@pytest.mark.parametrize("junk", ["", "@", "ann", "ann@", "a@" + "ü" * 300, "a@\ud800.example"])
def test_folding_never_raises(junk):
    assert isinstance(fold_address(junk), str)


def test_the_sub_address_is_removed():
    assert base_address("Support+order+12@demo.localhost") == "support@demo.localhost"
    assert base_address("support@demo.localhost") == "support@demo.localhost"
    assert base_address("+x@demo.localhost") == "+x@demo.localhost"


@pytest.mark.parametrize(
    "good", ["a@b", "a.b+c@d-e.example", '"a b"@c.example', "é@ü.example", "a@[IPv6:::1]"]
)
def test_an_address_is_split(good):
    assert "@".join(split_address(good)) == good


@pytest.mark.parametrize(
    "bad",
    [
        "", "a", "@b", "a@", "a b@c.example", "a..b@c.example", ".a@c.example", "a@-c.example",
        "a@c..example", "a@c_!.example", "a" * 65 + "@c.example", "a@" + "c" * 64 + ".example",
        "a@" + "c.example" * 30, "a@b@c.example", "a\r\n@c.example", "a@c.example\n",
        "\ud800@c.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_sentence(bad):
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        split_address(bad)


def test_a_caller_may_write_a_name_beside_the_address():
    assert parse_mailbox("Ann Lee <ann@b.example>") == Address("Ann Lee", "ann@b.example")


@pytest.mark.parametrize(
    "bad",
    [
        "", "Ann", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "a@b.example\0",
        "Ann <a b@c.example>", "a@b.example c@d.example", "<a@b.example> c@d.example",
        "=?utf-8?q?a=40b.example?=", "undisclosed-recipients:;",
    ],
)  # fmt: skip
def test_a_caller_may_write_exactly_one_address(bad):
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        parse_mailbox(bad)
