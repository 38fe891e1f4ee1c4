"""What a domain publishes, and how what is found compares with it."""

import dns.zone
import pytest

from outbound.dkim import new_key
from outbound.dns_records import Plan, SigningKey, compare, records_of, zone_file
from outbound.domain_names import domain_name

HOST = "mail.acme.example"
_, RSA = new_key("rsa-sha256")
_, ED25519 = new_key("ed25519-sha256")
PLAN = Plan(
    domain="acme.example",
    hostname=HOST,
    web_host="desk.acme.example",
    spf=f"a:{HOST}",
    ownership="0123456789",
    keys=(SigningKey("ma1r", RSA), SigningKey("ma1e", ED25519)),
)
SPF = ("TXT", "acme.example")
MX = ("MX", "acme.example")
DKIM = ("TXT", "ma1r._domainkey.acme.example")
DMARC = ("TXT", "_dmarc.acme.example")
TRACK = ("CNAME", "track.acme.example")
MACHINE = {("A", HOST): ("192.0.2.7",), ("AAAA", HOST): ("2001:db8::7",)}


def status(question, *values, **others) -> str:
    answers = {question: values, **MACHINE, **others.get("beside", {})}
    (verdict,) = [each for each in compare(PLAN, answers) if each.record.question == question]
    return verdict.status


def test_every_purpose_has_its_records():
    assert [(each.purpose, each.type, each.host) for each in records_of(PLAN)] == [
        ("ownership", "TXT", "_mailagent"),
        ("mx", "MX", "@"),
        ("spf", "TXT", "@"),
        ("dkim", "TXT", "ma1r._domainkey"),
        ("dkim", "TXT", "ma1e._domainkey"),
        ("dmarc", "TXT", "_dmarc"),
        ("return_path", "MX", "bounce"),
        ("return_path", "TXT", "bounce"),
        ("tracking", "CNAME", "track"),
    ]


def test_nothing_asked_yet_is_pending():
    assert {each.status for each in compare(PLAN, {})} == {"pending"}


@pytest.mark.parametrize(
    ("spf", "expected"),
    [
        (f"v=spf1 a:{HOST} ~all", "found"),
        (f"V=SPF1 include:_spf.mail.test +A:{HOST.upper()} -all", "found"),
        ("v=spf1 mx -all", "found"),
        ("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::7 -all", "found"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "wrong"),  # mail by IPv6 would fail
        ("v=spf1 ip4:192.0.2.0/99 ip6:x -all", "wrong"),
        (f"v=spf1 -all a:{HOST}", "wrong"),
        (f"v=spf1 -a:{HOST} ~all", "wrong"),
        (f"v=spf1 ?a:{HOST} ~all", "wrong"),
        ("v=spf1", "wrong"),
        ("v=spf10 a:mail.acme.example", "missing"),
        ("google-site-verification=1", "missing"),
    ],
)
def test_spf(spf, expected):
    assert status(SPF, "google-site-verification=2", spf, beside={MX: (f"10 {HOST}",)}) == expected


def test_two_spf_records_are_none():
    assert status(SPF, f"v=spf1 a:{HOST} ~all", "v=spf1 mx ~all") == "wrong"


@pytest.mark.parametrize(
    ("exchanges", "expected"),
    [
        ((f"10 {HOST}",), "found"),
        ((f"10 {HOST}", "20 backup.test"), "found"),
        ((f"10 {HOST}", "10 other.test"), "found"),
        ((f"20 {HOST}", "10 other.test"), "wrong"),
        (("10 other.test",), "wrong"),
        (("0 .",), "wrong"),
        ((), "missing"),
    ],
)
def test_mx(exchanges, expected):
    assert status(MX, *exchanges) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (RSA, "found"),
        (RSA.replace("v=DKIM1; ", "").replace("; p=", ";p= "), "found"),
        (f"{RSA}; t=s; h=sha1:sha256; s=email", "found"),
        (f"{RSA}; h=sha1", "wrong"),
        (f"{RSA}; s=other", "wrong"),
        (RSA.replace("k=rsa", "k=ed25519"), "wrong"),
        (ED25519, "wrong"),
        ("v=DKIM1; k=rsa; p=", "wrong"),
        (RSA[:200], "wrong"),
        ("nonsense", "wrong"),
    ],
    ids=(  # The keys are new in each process.
        "as made",
        "without version",
        "with tags",
        "sha1 only",
        "other service",
        "other kind",
        "other key",
        "revoked",
        "cut off",
        "nonsense",
    ),
)
def test_dkim(record, expected):
    assert status(DKIM, record) == expected


def test_two_dkim_records_at_a_selector_are_none():
    assert status(DKIM, RSA, ED25519) == "wrong"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=DMARC1; p=none", "found"),
        ("v=DMARC1;p=Reject;rua=mailto:d@acme.example", "found"),
        ("v=DMARC1; p=maybe", "wrong"),
        ("v=DMARC1", "wrong"),
        ("v=spf1 -all", "missing"),
    ],
)
def test_dmarc(record, expected):
    assert status(DMARC, record) == expected


def test_ownership_is_found_among_the_challenges_of_others():
    question = ("TXT", "_mailagent.acme.example")
    ours, theirs = "mailagent-verification=0123456789", "mailagent-verification=99"
    assert status(question, theirs, ours) == "found"
    assert status(question, theirs) == "wrong"


def test_tracking_host_may_point_by_address():
    name, web = TRACK[1], PLAN.web_host
    beside = {("A", name): ("192.0.2.9",), ("AAAA", name): (), ("A", web): ("192.0.2.9",)}
    assert status(TRACK, web) == "found"
    assert status(TRACK, "elsewhere.test") == "wrong"
    assert status(TRACK, beside=beside) == "found"
    assert status(TRACK, beside={**beside, ("A", web): ("192.0.2.10",)}) == "wrong"
    assert status(TRACK) == "missing"


def test_zone_file_is_read_back_as_the_same_records():
    zone = dns.zone.from_text(
        zone_file(PLAN), origin="acme.example", relativize=False, check_origin=False
    )
    for record in records_of(PLAN):
        (rdata,) = zone.find_rdataset(f"{record.name}.", record.type)
        if record.type == "TXT":
            assert b"".join(rdata.strings).decode() == record.value
            assert max(map(len, rdata.strings)) <= 255
        elif record.type == "MX":
            assert (rdata.preference, rdata.exchange.to_text()) == (10, f"{HOST}.")
        else:
            assert rdata.target.to_text() == f"{PLAN.web_host}."


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("acme.com", "acme.com"),
        (" Mail.ACME.com. ", "mail.acme.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("x.localhost", "x.localhost"),
        *((name, name) for name in ("acme.co.uk", "acme.github.io", "www.city.kobe.jp")),
    ],
)
def test_names_are_a_labels_in_lower_case(given, name):
    assert domain_name(given, hostname=HOST) == name


@pytest.mark.parametrize(
    "given",
    [
        *("", ".", "com", "localhost", "acme..com", "-a.com", "a-.com", "a_b.com", "a b.com"),
        *("192.0.2.1", "[192.0.2.1]", "2001:db8::1", "https://acme.com", "ann@acme.com"),
        *("a" * 64 + ".com", "a." * 130 + "com", "xn--a.com", "xn--ü.com", "\ud800.com", "a\0.com"),
        *("co.uk", "github.io", "Kobe.JP", "公司.cn", "xn--55qx5d.cn", "s3.amazonaws.com"),
        *("x.arpa", "x.local", "x.invalid", HOST.upper(), "*.acme.com", "acme.com..", "ü" * 500),
    ],
)
def test_what_can_be_nobodys_domain_is_refused(given):
    with pytest.raises(ValueError, match=r"\w \w.*\."):
        domain_name(given, hostname=HOST)
