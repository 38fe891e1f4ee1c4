"""Who is it really: hostile records and fields, silence of the DNS, and what is made of them."""

import time

import dkim
import pytest
from cryptography.hazmat.primitives import serialization as form

from inboxes.proving.arc import check_arc
from inboxes.proving.dkim_signatures import MOST_SIGNATURES, check_dkim
from inboxes.proving.dmarc import organisation_of
from inboxes.proving.lookups import Answer, Lookups, Unanswered
from inboxes.proving.spf import check_spf
from inboxes.proving.verdict import Sender, judge
from outbound.dkim import Signer, new_key, sign

LETTER = (
    b"From: Ann <ann@acme.example>\r\nTo: help@example.com\r\nSubject: Hello\r\n"
    b"Date: Sat, 21 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@acme.example>\r\n\r\nHello.\r\n"
)


class Records:
    """A DNS of a few TXT and A records; None is silence."""

    def __init__(self, **kept):
        self.kept = {}
        self.asked = 0
        for name, value in kept.items():
            self.kept[name] = value

    def put(self, name, record_type, *values):
        self.kept[name, record_type] = values
        return self

    def silent(self, name, record_type):
        self.kept[name, record_type] = None
        return self

    def ask(self, name, record_type, seconds):
        self.asked += 1
        values = self.kept.get((name, record_type), ())
        if values is None:
            raise Unanswered(name)
        return Answer(tuple(values), any(known == name for known, _ in self.kept))


@pytest.fixture(scope="module")
def key():
    return new_key("ed25519-sha256")


@pytest.fixture
def dns(key):
    return (
        Records()
        .put("s1._domainkey.acme.example", "TXT", key[1].encode())
        .put("_dmarc.acme.example", "TXT", b"v=DMARC1; p=reject")
        .put("acme.example", "TXT", b"v=spf1 ip4:192.0.2.1 -all")
    )


def signed(key, letter=LETTER):
    return sign(letter, [Signer("acme.example", "s1", "ed25519-sha256", key[0])])


def lookups(dns, seconds=30):
    return Lookups(dns, time.monotonic() + seconds)


def sender(peer="198.51.100.9", mail_from="ann@acme.example", domains=("acme.example",)):
    return Sender(peer=peer, helo="mx.acme.example", mail_from=mail_from, from_domains=domains)


def test_mail_signed_by_the_domain_in_from_passes(dns, key):
    found = judge(sender(), signed(key), dns, seconds=5).stored()

    assert (found["dkim"], found["dmarc"], found["aligned"]) == ("pass", "pass", True)
    assert found["details"]["dkim"][0]["domain"] == "acme.example"
    assert found["details"]["dmarc"]["aligned_by"] == "dkim"


def test_mail_from_a_server_of_the_domain_passes(dns):
    found = judge(sender(peer="192.0.2.1"), LETTER, dns, seconds=5).stored()

    assert (found["spf"], found["dmarc"]) == ("pass", "pass")
    assert found["details"]["dmarc"]["aligned_by"] == "spf"


def test_unsigned_mail_from_elsewhere_fails_as_its_owner_asks(dns):
    found = judge(sender(), LETTER, dns, seconds=5).stored()

    assert (found["spf"], found["dkim"], found["dmarc"]) == ("fail", "none", "fail")
    assert found["details"]["dmarc"]["disposition"] == "reject"
    assert found["aligned"] is False


def test_proof_for_another_domain_does_not_help(dns):
    dns.put("evil.example", "TXT", b"v=spf1 +all")
    found = judge(sender(mail_from="x@evil.example"), LETTER, dns, seconds=5)

    assert (found.spf.result, found.dmarc.result, found.aligned) == ("pass", "fail", False)


def test_changed_body_is_a_failure_and_not_an_error(dns, key):
    changed = signed(key).replace(b"Hello.\r\n", b"Hello!\r\n")

    assert [one.result for one in check_dkim(changed, lookups(dns))] == ["fail"]


def test_second_from_is_no_pass(dns, key):
    doubled = b"From: Eve <eve@evil.example>\r\n" + signed(key)
    found = judge(sender(domains=("evil.example", "acme.example")), doubled, dns, seconds=5)

    assert found.dmarc.result == "permerror"


def test_key_that_cannot_be_had_now_leaves_all_open(dns, key):
    dns.silent("s1._domainkey.acme.example", "TXT")
    found = judge(sender(), signed(key), dns, seconds=5)

    assert (found.dkim[0].result, found.dmarc.result, found.unsettled) == (
        "temperror",
        "temperror",
        True,
    )


def test_silent_dns_is_told_as_such(key):
    class Silence:
        def ask(self, name, record_type, seconds):
            raise Unanswered(name)

    found = judge(sender(), signed(key), Silence(), seconds=5).stored()

    assert (found["spf"], found["dkim"], found["dmarc"]) == ("temperror",) * 3
    assert found["unsettled"] is True


def test_no_question_is_asked_when_the_time_is_up(dns, key):
    judge(sender(), signed(key), dns, seconds=0)

    assert dns.asked == 0


def test_questions_of_one_message_are_counted(dns):
    body = b" ".join(b"exists:%d.acme.example" % n for n in range(500))
    dns.put("acme.example", "TXT", b"v=spf1 " + body + b" -all")
    bounded = lookups(dns)
    found = check_spf(peer="198.51.100.9", mail_from="a@acme.example", helo="h", lookups=bounded)

    assert found.result == "permerror"
    assert dns.asked < 20


def test_only_the_first_signatures_are_verified(dns, key):
    field = signed(key).partition(b"From:")[0]
    found = check_dkim(field * 100 + LETTER, lookups(dns))

    assert len(found) == MOST_SIGNATURES


def test_null_sender_is_judged_by_the_name_in_helo(dns):
    dns.put("mx.acme.example", "TXT", b"v=spf1 ip4:192.0.2.7 -all")
    found = judge(sender(peer="192.0.2.7", mail_from=""), LETTER, dns, seconds=5)

    assert (found.spf.result, found.spf.scope) == ("pass", "helo")
    assert found.dmarc.aligned_by == "spf"


@pytest.mark.parametrize(
    "field",
    [
        b"v=1; a=rsa-sha256; b=" + b" " * 60_000 + b"!; bh=x; d=acme.example; h=from; s=s1",
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=acme.example; h=" + b"x:" * 30_000 + b"; s=s1",
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=acme.example; h=from; s=s1; l=" + b"9" * 70,
        b"v=1; a=ed25519-sha256; b=AAAA; bh=AAAA; d=acme.example; h=from; s=s1; x=" + b"9" * 5000,
        b"v=1; a=rsa-sha256; b=AAAA; bh=AAAA; d=\xff\xfe.example; h=from; s=\xff",
        b"=;;;=\0=;",
        b"v=1; a=rsa-sha256; b=A" + b" A" * 4_000 + b"; bh=AAAA; d=acme.example; h=from; s=s1",
    ],
    ids=["gap", "names", "length", "expiry", "octets", "nonsense", "folds"],
)
def test_hostile_signature_is_an_error_in_good_time(dns, field):
    letter = b"DKIM-Signature: " + field + b"\r\nARC-Seal: i=1; " + field + b"\r\n" + LETTER
    began = time.process_time()
    found = judge(sender(), letter, dns, seconds=5)

    assert found.dkim[0].result in ("permerror", "fail")
    assert found.arc.result == "fail"
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "record",
    [
        b"v=spf1 include:acme.example -all",
        b"v=spf1 redirect=acme.example",
        b"v=spf1 exists:%{" + b"l" * 300 + b"}.example -all",
        b"v=spf1 a:%{d999999999999r}.example " + b"x" * 4000,
        b"v=spf1 ip4:999.1.1.1/99 \xff\xfe",
        b"v=spf1 " + b"%" * 4000,
        b"v=spf1 exp=%{x} -all",
    ],
)
def test_hostile_spf_record_is_an_error(record):
    dns = Records().put("acme.example", "TXT", record).put("acme.example", "A", "192.0.2.9")
    found = check_spf(
        peer="198.51.100.9", mail_from="a@acme.example", helo="h", lookups=lookups(dns)
    )

    assert found.result in ("permerror", "fail", "none")


@pytest.mark.parametrize("peer", ["", "not an address", "fe80::1%eth0"])
def test_peer_that_is_no_address_is_not_checked(dns, peer):
    found = check_spf(peer=peer, mail_from="a@acme.example", helo="h", lookups=lookups(dns))

    assert found.result == "none"


@pytest.mark.parametrize(
    "mail_from", ["", "no-at-sign", "a@", "@", "a@b@c", "ü@münchen.example", "a@" + "x." * 200]
)
def test_sender_that_is_no_address_does_no_harm(dns, mail_from):
    found = judge(sender(mail_from=mail_from, domains=("",)), LETTER, dns, seconds=5)

    assert found.dmarc.result == "permerror"


def test_huge_key_is_not_calculated_with(dns, key):
    dns.put("s1._domainkey.acme.example", "TXT", b"v=DKIM1; p=" + b"A" * 60_000)

    assert check_dkim(signed(key), lookups(dns))[0].result == "permerror"


def test_partly_signed_body_is_told(dns):
    pem, record = new_key("rsa-sha256")
    dns.put("s2._domainkey.acme.example", "TXT", record.encode())
    loaded = form.load_pem_private_key(pem, None)
    old = loaded.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
    )
    field = dkim.sign(LETTER, b"s2", b"acme.example", old, length=True)
    whole = check_dkim(field + LETTER, lookups(dns))
    longer = check_dkim(field + LETTER + b"And buy this.\r\n", lookups(dns))

    assert [(one.result, one.partial) for one in (*whole, *longer)] == [
        ("pass", False),
        ("pass", True),
    ]


def test_fifty_seals_are_refused_unread(dns):
    sets = b"".join(
        b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=acme.example; s=s1; b=AAAA\r\n"
        b"ARC-Message-Signature: i=%d; a=rsa-sha256; d=acme.example; s=s1; h=from; bh=A; b=A\r\n"
        b"ARC-Authentication-Results: i=%d; x; dkim=pass\r\n" % (n, n, n)
        for n in range(50, 0, -1)
    )

    assert check_arc(sets + LETTER, lookups(dns)).result == "fail"
    assert dns.asked == 0


def test_organisation_is_one_label_below_a_public_suffix():
    assert organisation_of("mail.shop.acme.co.uk") == "acme.co.uk"
    assert organisation_of("a.b.github.io") == "b.github.io"
    assert organisation_of("acme.example") == "acme.example"
