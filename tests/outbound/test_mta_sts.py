"""MTA-STS: policies read, fetched over real TLS and remembered, and honoured on the way out."""

import pytest

from events.webhooks import posting
from outbound.dns_lookup import resolver_at
from outbound.models import StsPolicy
from outbound.sts_store import DatabaseStore
from outbound.transports.connecting import verified_tls
from outbound.transports.direct import Direct
from outbound.transports.mta_sts import Policy, policy_id, read_policy
from outbound.transports.protocol import Job
from outbound.transports.sts_policies import StsPolicies, Unfetched, fetch_policy
from outbound.transports.wire import Timeouts
from tests.dns_server import SERVFAIL
from tests.outbound.scripted_smtp import Script, self_signed
from tests.webhooks.receiver import Receiver, Reply

RAW = b"From: a@acme.example\r\nTo: b@x.example\r\nSubject: s\r\n\r\nHello\r\n"
JOB = Job("bounce+t@acme.example", ("ann@x.example",), RAW)
SHORT = Timeouts(connect=1, greeting=1, command=1, data=1, final=1, total=5)
ZONE = {
    ("x.example", "MX"): ["10 mx1.x.example."],
    ("mx1.x.example", "A"): ["127.0.0.1"],
    ("mta-sts.x.example", "A"): ["127.0.0.1"],
    ("_mta-sts.x.example", "TXT"): ['"v=STSv1; id=20260301;"'],
}
ENFORCE = "version: STSv1\r\nmode: enforce\r\nmx: mx1.x.example\r\nmax_age: 86400\r\n"
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


# --- Reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (["v=STSv1; id=20160831085700Z;"], "20160831085700Z"),
        (["v=spf1 -all", "v=STSv1;id=1"], "1"),
        (["v=STSv1; id=1", "v=STSv1; id=2"], ""),
        (["v=STSv2; id=1"], ""),
        (["v=STSv1; id=not-alnum"], ""),
        (["v=STSv1"], ""),
        ([], ""),
    ],
)
def test_id_stands_in_the_one_record_of_this_version(records, found):
    assert policy_id(records) == found


def test_policy_is_read_whatever_its_line_ends():
    policy = read_policy(
        "version: STSv1\nmode: testing\nmx: A.example.\nmx: *.B.example\nmax_age: 9"
    )

    assert policy == Policy("testing", ("a.example", "*.b.example"), 9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mode: enforce\nmx: a.example\nmax_age: 9",
        "version: STSv1\nmode: sometimes\nmx: a.example\nmax_age: 9",
        "version: STSv1\nmode: enforce\nmax_age: 9",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: soon",
        "version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 9",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 9\n<html>",
    ],
)
def test_what_is_no_policy_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        read_policy(text)


def test_wildcard_stands_for_one_label():
    policy = Policy("enforce", ("*.mail.example", "mx.example"), 9)

    assert policy.covers("a.mail.example")
    assert policy.covers("MX.example.")
    assert not policy.covers("a.b.mail.example")
    assert not policy.covers("mail.example")
    assert not policy.covers("a.mx.example")


# --- Fetching and remembering -------------------------------------------------------------------


@pytest.fixture
def web(tmp_path, monkeypatch):
    """The web server of mta-sts.x.example, and a way to trust more names."""
    made = []
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(b"")
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))

    def trusted(name: str):
        context, authority = self_signed(name, tmp_path)
        authorities.write_bytes(authorities.read_bytes() + authority.read_bytes())
        posting.tls.cache_clear()
        verified_tls.cache_clear()
        return context

    def make(reply: Reply, *, name: str = "mta-sts.x.example") -> Receiver:
        made.append(Receiver(lambda taken: reply, tls=trusted(name)))
        return made[-1]

    make.trusted = trusted
    yield make
    for each in made:
        each.close()
    posting.tls.cache_clear()
    verified_tls.cache_clear()


def fetch_at(receiver: Receiver, dns, allowed=("127.0.0.0/8",)):
    def fetch(domain: str) -> Policy:
        return fetch_policy(domain, dns=dns.address, allowed=allowed, port=receiver.port, seconds=1)

    return fetch


def test_policy_is_fetched_from_the_well_known_place(web, zone):
    there = web(Reply(headers=PLAIN, body=ENFORCE.encode()))

    assert fetch_at(there, zone(ZONE))("x.example").mode == "enforce"
    assert there.taken[0].path == "/.well-known/mta-sts.txt"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(404), "404"),
        (Reply(302, {"Location": "https://elsewhere.example/"}), "302"),
        (Reply(headers={"Content-Type": "text/html"}, body=ENFORCE.encode()), "text/plain"),
        (Reply(headers=PLAIN, body=b"nothing of the kind"), "no key and value"),
        (Reply(headers=PLAIN, body=b"x" * 200_000), "no key and value"),
        (Reply(hang=3), "no answer within"),
    ],
)
def test_what_is_not_plainly_a_policy_is_none(web, zone, reply, words):
    with pytest.raises(Unfetched, match=words):
        fetch_at(web(reply), zone(ZONE))("x.example")


def test_certificate_of_another_name_is_not_believed(web, zone):
    there = web(Reply(headers=PLAIN, body=ENFORCE.encode()), name="elsewhere.example")

    with pytest.raises(Unfetched, match="TLS"):
        fetch_at(there, zone(ZONE))("x.example")


def test_policy_host_inside_our_network_is_not_asked(web, zone):
    there = web(Reply(headers=PLAIN, body=ENFORCE.encode()))

    with pytest.raises(Unfetched, match="not public"):
        fetch_at(there, zone(ZONE), allowed=())("x.example")
    assert there.taken == []


class Fetched:
    """Gives out what it is told, and counts."""

    def __init__(self, policy: Policy | None) -> None:
        self.policy, self.count = policy, 0

    def __call__(self, domain: str) -> Policy:
        self.count += 1
        if self.policy is None:
            raise Unfetched("away")
        return self.policy


def known(dns, fetch, now) -> StsPolicies:
    resolver = resolver_at(dns.address, remember=False, lifetime=1)
    return StsPolicies(resolver, fetch, store=DatabaseStore(), clock=lambda: now[0])


ONE_DAY = Policy("enforce", ("mx1.x.example",), 86_400)


def test_policy_is_fetched_once_until_its_id_changes(db, zone):
    dns, fetch, now = zone(dict(ZONE)), Fetched(ONE_DAY), [1_900_000_000.0]
    policies = known(dns, fetch, now)
    assert [policies.policy_for("x.example") for _ in range(3)] == [ONE_DAY] * 3
    assert fetch.count == 1

    dns.records["_mta-sts.x.example", "TXT"] = ['"v=STSv1; id=20260302;"']
    known(dns, fetch, now).policy_for("x.example")

    assert fetch.count == 2
    assert StsPolicy.objects.get().policy_id == "20260302"


@pytest.mark.parametrize("answer", [SERVFAIL, ['"v=spf1 -all"'], ['"v=STSv1; id=new"']])
def test_known_policy_holds_while_it_is_kept_from_us(db, zone, answer):
    dns, now = zone(dict(ZONE)), [1_900_000_000.0]
    known(dns, Fetched(ONE_DAY), now).policy_for("x.example")
    dns.records["_mta-sts.x.example", "TXT"] = answer

    assert known(dns, Fetched(None), now).policy_for("x.example") == ONE_DAY
    now[0] += 86_401
    assert known(dns, Fetched(None), now).policy_for("x.example") is None


def test_failed_fetch_is_not_repeated_for_each_message(db, zone):
    fetch, now = Fetched(None), [1_900_000_000.0]
    policies = known(zone(ZONE), fetch, now)
    for _ in range(5):
        assert policies.policy_for("x.example") is None
    assert fetch.count == 1

    now[0] += 301
    policies.policy_for("x.example")
    assert fetch.count == 2


def test_domain_without_record_is_not_fetched_for(db, zone):
    fetch = Fetched(ONE_DAY)

    assert (
        known(zone({("x.example", "MX"): ["1 a."]}), fetch, [0.0]).policy_for("x.example") is None
    )
    assert fetch.count == 0


# --- Honouring ----------------------------------------------------------------------------------


@pytest.fixture
def direct(zone):
    def make(port: int, policy: Policy, records=ZONE) -> Direct:
        dns = zone(dict(records))
        policies = StsPolicies(resolver_at(dns.address), lambda domain: policy)
        return Direct(
            hostname="mail.acme.example",
            dns=dns.address,
            port=port,
            timeouts=SHORT,
            policies=policies,
        )

    return make


def test_enforced_policy_is_kept_to_under_verified_tls(direct, server, phases, web):
    there = server(Script(tls=web.trusted("mx1.x.example")))

    (result,) = direct(there.port, ONE_DAY).send(JOB, on_phase=phases)

    assert result.outcome == "sent"
    assert there.seen.encrypted == [True]


def test_certificate_that_does_not_match_is_deferred_and_nothing_is_said(
    direct, server, phases, web
):
    there = server(Script(tls=web.trusted("elsewhere.example")))

    (result,) = direct(there.port, ONE_DAY).send(JOB, on_phase=phases)

    assert result.outcome == "deferred"
    assert "certificate not accepted" in result.reply_text
    assert there.seen.messages == []
    assert phases == ["connecting"]


def test_server_without_tls_is_deferred_where_the_policy_is_enforced(direct, server, phases):
    there = server()

    (result,) = direct(there.port, ONE_DAY).send(JOB, on_phase=phases)

    assert (result.outcome, there.seen.messages) == ("deferred", [])
    assert "STARTTLS" in result.reply_text


def test_host_that_the_policy_does_not_name_gets_nothing(direct, server, phases):
    there = server()
    policy = Policy("enforce", ("*.other.example",), 9)

    (result,) = direct(there.port, policy).send(JOB, on_phase=phases)

    assert (result.outcome, there.seen.connections) == ("deferred", 0)
    assert "does not name mx1.x.example" in result.reply_text


@pytest.mark.parametrize("mode", ["testing", "none"])
def test_policy_that_is_not_enforced_keeps_no_mail(direct, server, phases, mode):
    there = server()

    (result,) = direct(there.port, Policy(mode, (), 9)).send(JOB, on_phase=phases)

    assert result.outcome == "sent"
