"""Direct delivery: MX by a real DNS server, mail to real sockets on several loopback addresses."""

import pytest

from outbound.transports.direct import Direct
from outbound.transports.protocol import Job
from outbound.transports.wire import Timeouts
from tests.dns_server import SERVFAIL
from tests.outbound.scripted_smtp import DROP, Script, self_signed

RAW = b"From: a@acme.example\r\nTo: b@x.example\r\nSubject: s\r\n\r\nHello\r\n"
JOB = Job("bounce+t@acme.example", ("ann@x.example", "bob@X.example"), RAW)
SHORT = Timeouts(connect=1, greeting=0.5, command=0.5, data=0.5, final=0.5, total=5)
TWO_HOSTS = {
    ("x.example", "MX"): ["10 mx1.x.example.", "20 mx2.x.example."],
    ("mx1.x.example", "A"): ["127.0.0.1"],
    ("mx2.x.example", "A"): ["127.0.0.2"],
}


@pytest.fixture
def direct(zone):
    def make(records, port, hostname="mail.acme.example"):
        return Direct(hostname=hostname, dns=zone(records).address, port=port, timeouts=SHORT)

    return make


def outcomes(results) -> list[str]:
    return [each.outcome for each in results]


@pytest.fixture
def pair(server):
    """Servers on two addresses and the same port."""

    def make(first: Script | None = None, second: Script | None = None):
        one = server(first, host="127.0.0.1")
        return one, server(second, host="127.0.0.2", port=one.port)

    return make


def test_best_host_gets_the_message(direct, pair, phases):
    best, other = pair()

    results = direct(TWO_HOSTS, best.port).send(JOB, on_phase=phases)

    assert outcomes(results) == ["sent", "sent"]
    assert results[0].host == "mx1.x.example"
    assert (len(best.seen.messages), other.seen.connections) == (1, 0)
    assert phases == ["connecting", "data", "committing"]


@pytest.mark.parametrize(
    "script",
    [
        Script(greeting="421 4.3.2 later"),
        Script(greeting="554 5.3.2 no"),
        Script(greeting=DROP),
        Script(replies={"MAIL": DROP}),
        Script(rcpt={"bob@X.example": "421 4.3.2 later"}),
    ],
)
def test_next_host_is_tried_when_the_best_is_away(direct, pair, phases, script):
    best, other = pair(script)

    assert outcomes(direct(TWO_HOSTS, best.port).send(JOB, on_phase=phases)) == ["sent", "sent"]
    assert best.seen.connections == 1
    assert len(other.seen.messages) == 1
    assert phases == ["connecting", "data", "committing"]


def test_refusal_by_the_best_host_stands(direct, pair, phases):
    best, other = pair(Script(rcpt=dict.fromkeys(JOB.rcpt_tos, "550 5.1.1 no such user")))

    assert outcomes(direct(TWO_HOSTS, best.port).send(JOB, on_phase=phases)) == ["failed", "failed"]
    assert other.seen.connections == 0


def test_uncertain_message_goes_to_no_other_host(direct, pair, phases):
    best, other = pair(Script(on_dot=DROP))

    results = direct(TWO_HOSTS, best.port).send(JOB, on_phase=phases)

    assert outcomes(results) == ["uncertain", "uncertain"]
    assert other.seen.connections == 0


def test_equal_hosts_share_the_work(direct, pair, phases):
    one, two = pair()
    records = {**TWO_HOSTS, ("x.example", "MX"): ["10 mx1.x.example.", "10 mx2.x.example."]}
    transport = direct(records, one.port)
    for _ in range(30):
        phases.clear()
        transport.send(JOB, on_phase=phases)

    assert min(len(one.seen.messages), len(two.seen.messages)) >= 3


def test_every_address_of_a_host_is_tried(direct, server, phases):
    there = server(host="127.0.0.2")
    records = {
        ("x.example", "MX"): ["10 mx.x.example."],
        ("mx.x.example", "A"): ["127.0.0.3", "127.0.0.2"],
    }

    assert outcomes(direct(records, there.port).send(JOB, on_phase=phases)) == ["sent", "sent"]


def test_host_without_address_is_passed_over(direct, pair, phases):
    best, other = pair()
    records = {key: value for key, value in TWO_HOSTS.items() if key[0] != "mx1.x.example"}

    assert outcomes(direct(records, best.port).send(JOB, on_phase=phases)) == ["sent", "sent"]
    assert len(other.seen.messages) == 1


def test_domain_without_mx_is_its_own_host(direct, server, phases):
    there = server()
    records = {("x.example", "A"): ["127.0.0.1"]}

    assert outcomes(direct(records, there.port).send(JOB, on_phase=phases)) == ["sent", "sent"]


@pytest.mark.parametrize(
    ("records", "outcome", "words"),
    [
        ({("x.example", "MX"): ["0 ."]}, "failed", "null MX"),
        ({}, "failed", "does not exist"),
        ({("x.example", "TXT"): ["text"]}, "failed", "has no address"),
        ({("x.example", "MX"): SERVFAIL}, "deferred", "DNS"),
        ({("x.example", "MX"): ["10 mx.x.example."]}, "deferred", "has no address"),
        (
            {("x.example", "MX"): ["5 Mail.Acme.Example.", "9 mx2.x.example."]},
            "failed",
            "it would loop",
        ),
    ],
)
def test_domain_that_cannot_be_reached_says_why(direct, phases, records, outcome, words):
    results = direct(records, 1).send(JOB, on_phase=phases)

    assert outcomes(results) == [outcome, outcome]
    assert words in results[0].reply_text
    assert phases == ["connecting"]


@pytest.mark.parametrize("domain", ["x..example", "a" * 64 + ".example", "a." * 130 + "example"])
def test_impossible_domain_fails(direct, phases, domain):
    results = direct({}, 1).send(Job("", (f"ann@{domain}",), RAW), on_phase=phases)

    assert outcomes(results) == ["failed"]


def test_hosts_better_than_us_are_used(direct, server, phases):
    there = server()
    records = {**TWO_HOSTS, ("x.example", "MX"): ["5 mx1.x.example.", "9 mail.acme.example."]}

    assert outcomes(direct(records, there.port).send(JOB, on_phase=phases)) == ["sent", "sent"]


def test_tls_is_used_where_offered_whatever_the_certificate(direct, server, phases, tmp_path):
    there = server(Script(tls=self_signed("elsewhere.example", tmp_path)[0]))

    assert outcomes(direct(TWO_HOSTS, there.port).send(JOB, on_phase=phases)) == ["sent", "sent"]
    assert there.seen.encrypted == [True]


def test_broken_tls_falls_back_to_plain(direct, server, phases, tmp_path):
    tls = self_signed("mx1.x.example", tmp_path)[0]
    there = server(Script(tls=tls, breaks_tls=True))
    there_seen = there.seen

    results = direct(TWO_HOSTS, there.port).send(JOB, on_phase=phases)

    assert outcomes(results) == ["sent", "sent"]
    assert there_seen.encrypted == [False]


def test_connection_lost_after_the_dot_under_tls_is_uncertain(direct, server, phases, tmp_path):
    there = server(Script(tls=self_signed("mx1.x.example", tmp_path)[0], on_dot=DROP))

    results = direct(TWO_HOSTS, there.port).send(JOB, on_phase=phases)
    assert outcomes(results) == ["uncertain", "uncertain"]


def test_recipients_of_several_domains_are_refused(direct, phases):
    with pytest.raises(ValueError, match="one domain"):
        direct({}, 25).send(Job("", ("a@x.example", "b@y.example"), RAW), on_phase=phases)
