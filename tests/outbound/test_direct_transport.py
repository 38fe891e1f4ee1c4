"""Direct delivery: MX by a real DNS server, mail to real sockets on several loopback addresses."""

import socket
import time

import pytest

from outbound.transports.direct import Direct
from outbound.transports.protocol import Job
from outbound.transports.wire import Timeouts
from tests.dns_server import SERVFAIL
from tests.outbound.scripted_smtp import DRIP, DROP, HANG, Script, self_signed

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
    for _ in range(30):
        phases.clear()
        direct(records, one.port).send(JOB, on_phase=phases)

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


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        (Script(greeting=HANG), "deferred", "timed out"),
        (Script(greeting=DRIP), "deferred", "timed out"),
        (Script(replies={"EHLO": HANG}), "deferred", "timed out"),
        (Script(replies={"MAIL": HANG}), "deferred", "timed out"),
        (Script(rcpt={"ann@x.example": HANG}), "deferred", "timed out"),
        (Script(replies={"DATA": HANG}), "deferred", "timed out"),
        (Script(on_dot=HANG), "uncertain", "timed out"),
        (Script(on_dot="421 4.3.2 shutting down"), "deferred", "4.3.2 shutting down"),
        (Script(greeting="421 4.7.0 slow down"), "deferred", "4.7.0 slow down"),
        (Script(replies={"MAIL": "421 4.7.0 too many"}), "deferred", "4.7.0 too many"),
        (Script(replies={"DATA": "451 4.3.0 not now"}), "deferred", "4.3.0 not now"),
        (Script(on_dot="554 5.7.1 spam"), "failed", "5.7.1 spam"),
    ],
)
def test_only_server_that_hangs_or_refuses_ends_in_a_stated_state_with_its_words(
    direct, server, phases, script, outcome, words
):
    there = server(script)
    records = {("x.example", "MX"): ["5 mx1.x.example."], ("mx1.x.example", "A"): ["127.0.0.1"]}

    results = direct(records, there.port).send(JOB, on_phase=phases)

    assert outcomes(results) == [outcome, outcome]
    assert all(words in each.reply_text for each in results)


def test_server_that_hangs_at_starttls_is_deferred(direct, server, phases, tmp_path):
    there = server(
        Script(tls=self_signed("mx1.x.example", tmp_path)[0], replies={"STARTTLS": HANG})
    )
    records = {("x.example", "MX"): ["5 mx1.x.example."], ("mx1.x.example", "A"): ["127.0.0.1"]}

    results = direct(records, there.port).send(JOB, on_phase=phases)

    assert outcomes(results) == ["deferred", "deferred"]
    assert "timed out" in results[0].reply_text
    assert phases == ["connecting"]


def test_server_that_hangs_within_tls_gets_the_message_without(direct, server, phases, tmp_path):
    there = server(Script(tls=self_signed("mx1.x.example", tmp_path)[0], stalls_tls=True))

    results = direct(TWO_HOSTS, there.port).send(JOB, on_phase=phases)

    assert outcomes(results) == ["sent", "sent"]
    assert there.seen.encrypted == [False]


def test_server_that_hangs_at_quit_has_the_message_and_keeps_nobody(direct, server, phases):
    there = server(Script(replies={"QUIT": HANG}))
    transport = direct(TWO_HOSTS, there.port)

    results = transport.send(JOB, on_phase=phases)
    connection = transport.idle.take(("x.example", False))
    began = time.monotonic()
    connection.quit()

    assert outcomes(results) == ["sent", "sent"]
    assert len(there.seen.messages) == 1
    assert time.monotonic() - began < SHORT.command


def test_server_that_takes_no_connection_is_deferred(direct, phases):
    with socket.socket() as silent:  # bound, not listening
        silent.bind(("127.0.0.1", 0))
        results = direct(TWO_HOSTS, silent.getsockname()[1]).send(JOB, on_phase=phases)

    assert outcomes(results) == ["deferred", "deferred"]
    assert "cannot connect" in results[0].reply_text


def test_each_recipient_has_its_own_result(direct, server, phases):
    there = server(Script(rcpt={"bob@X.example": "550 5.1.1 no such user"}))

    results = direct(TWO_HOSTS, there.port).send(JOB, on_phase=phases)

    assert outcomes(results) == ["sent", "failed"]
    assert results[1].reply_text == "5.1.1 no such user"


def test_connection_serves_the_next_message_to_the_domain(direct, server, phases):
    there = server()
    transport = direct(TWO_HOSTS, there.port)
    for _ in range(3):
        phases.clear()
        transport.send(JOB, on_phase=phases)

    assert (there.seen.connections, len(there.seen.messages)) == (1, 3)


def test_connection_to_one_domain_serves_no_other(direct, server, phases):
    there = server()
    records = {**TWO_HOSTS, ("y.example", "MX"): ["10 mx1.x.example."]}
    transport = direct(records, there.port)
    transport.send(JOB, on_phase=phases)
    phases.clear()
    transport.send(Job("", ("ann@y.example",), RAW), on_phase=phases)

    assert there.seen.connections == 2


def test_connection_that_died_meanwhile_is_replaced(direct, server, phases):
    there = server(Script(replies={"RSET": DROP}))
    transport = direct(TWO_HOSTS, there.port)
    transport.send(JOB, on_phase=phases)
    phases.clear()

    assert outcomes(transport.send(JOB, on_phase=phases)) == ["sent", "sent"]
    assert there.seen.connections == 2


def test_recipients_of_several_domains_are_refused(direct, phases):
    with pytest.raises(ValueError, match="one domain"):
        direct({}, 25).send(Job("", ("a@x.example", "b@y.example"), RAW), on_phase=phases)
