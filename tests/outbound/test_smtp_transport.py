"""The smarthost transport against a scripted server: what is reported is what happened."""

import socket
import time

import pytest
from aiosmtpd.controller import Controller

from outbound.transports.catcher import Catcher
from outbound.transports.choose import transport_for
from outbound.transports.connecting import verified_tls
from outbound.transports.direct import Direct
from outbound.transports.protocol import Job
from outbound.transports.smtp import Relay, Smarthost
from outbound.transports.wire import Timeouts
from tests.outbound.conftest import LeaseLost
from tests.outbound.scripted_smtp import DRIP, DROP, HANG, Script, ScriptedServer, self_signed

RAW = b"From: a@acme.example\r\nTo: b@x.example\r\nSubject: s\r\n\r\nHello\r\n"
JOB = Job("bounce+t@acme.example", ("ann@x.example", "bob@x.example"), RAW)
SHORT = Timeouts(connect=1, greeting=0.4, command=0.4, data=0.4, final=0.4, total=5)


def smarthost(server: ScriptedServer, **options) -> Smarthost:
    relay = Relay(options.pop("host", "127.0.0.1"), server.port, **options)
    return Smarthost(relay, hostname="mail.acme.example", timeouts=SHORT)


def outcomes(results) -> list[str]:
    return [each.outcome for each in results]


def test_accepted_message_is_sent_as_it_is(server, phases):
    there = server()
    raw = RAW + b".\r\n..dots\r\n.\r\n"

    results = smarthost(there).send(Job(JOB.mail_from, JOB.rcpt_tos, raw), on_phase=phases)

    assert outcomes(results) == ["sent", "sent"]
    assert (results[0].reply_code, results[0].reply_text) == (250, "2.0.0 queued as 1")
    assert there.seen.messages == [raw]
    assert phases == ["connecting", "data", "committing"]


def test_envelope_is_announced_with_the_extensions_offered(server, phases):
    there = server()
    smarthost(there).send(Job("", ("ann@x.example",), RAW + b"\xc3\xbc\r\n"), on_phase=phases)

    assert "EHLO mail.acme.example" in there.seen.commands
    assert f"MAIL FROM:<> SIZE={len(RAW) + 4} BODY=8BITMIME" in there.seen.commands
    assert "RCPT TO:<ann@x.example>" in there.seen.commands


def test_refused_recipients_do_not_stop_the_others(server, phases):
    refusals = {"bob@x.example": "550 5.1.1 no such user", "eve@x.example": "452 4.2.2 full"}
    there = server(Script(rcpt=refusals))
    job = Job(JOB.mail_from, ("ann@x.example", "bob@x.example", "eve@x.example"), RAW)

    results = smarthost(there).send(job, on_phase=phases)

    assert outcomes(results) == ["sent", "failed", "deferred"]
    assert results[1].reply_text == "5.1.1 no such user"
    assert results[2].reply_code == 452


def test_nothing_is_sent_when_every_recipient_is_refused(server, phases):
    there = server(Script(rcpt=dict.fromkeys(JOB.rcpt_tos, "550 5.1.1 no")))

    assert outcomes(smarthost(there).send(JOB, on_phase=phases)) == ["failed", "failed"]
    assert "DATA" not in there.seen.commands
    assert phases == ["connecting"]


@pytest.mark.parametrize(
    ("script", "outcome", "code"),
    [
        (Script(greeting="554 5.3.2 go away"), "deferred", 554),
        (Script(greeting="421 4.3.2 later"), "deferred", 421),
        (Script(greeting=HANG), "deferred", 0),
        (Script(greeting=DROP), "deferred", 0),
        (Script(greeting="hello!"), "deferred", 0),
        (Script(replies={"MAIL": "451 4.3.0 later"}), "deferred", 451),
        (Script(replies={"MAIL": "550 5.7.1 not you"}), "failed", 550),
        (Script(replies={"MAIL": "530 5.7.0 log in first"}), "deferred", 530),
        (Script(replies={"MAIL": HANG}), "deferred", 0),
        (Script(replies={"MAIL": DROP}), "deferred", 0),
        (Script(rcpt=dict.fromkeys(JOB.rcpt_tos, HANG)), "deferred", 0),
        (Script(rcpt={"bob@x.example": DROP}), "deferred", 0),
        (Script(rcpt={"ann@x.example": "421 4.7.0 too many"}), "deferred", 421),
        (Script(replies={"DATA": "451 4.3.0 later"}), "deferred", 451),
        (Script(replies={"DATA": "554 5.5.1 no"}), "failed", 554),
        (Script(replies={"DATA": HANG}), "deferred", 0),
        (Script(replies={"DATA": DROP}), "deferred", 0),
        (Script(on_dot="451 4.3.0 later"), "deferred", 451),
        (Script(on_dot="554 5.7.1 spam"), "failed", 554),
        (Script(on_dot="421 4.3.2 closing"), "deferred", 421),
        (Script(on_dot=HANG), "uncertain", 0),
        (Script(on_dot=DROP), "uncertain", 0),
        (Script(on_dot="what?"), "uncertain", 0),
        (Script(on_dot="354 more"), "uncertain", 0),
        (Script(extensions=("SIZE 20",)), "failed", 552),
    ],
)
def test_every_ending_is_told_truly(server, phases, script, outcome, code):
    results = smarthost(server(script)).send(JOB, on_phase=phases)

    assert outcomes(results) == [outcome, outcome]
    assert {each.reply_code for each in results} == {code}
    assert all(each.reply_text.isprintable() and each.reply_text for each in results)
    assert ("committing" in phases) == (outcome == "uncertain" or script.on_dot[0] in "45")


BIG = Job(JOB.mail_from, JOB.rcpt_tos, RAW + (b"x" * 70 + b"\r\n") * 100_000)


def test_connection_lost_in_the_middle_of_the_octets_is_deferred(server, phases):
    there = server(Script(extensions=(), drop_after_octets=2000))

    results = smarthost(there).send(BIG, on_phase=phases)

    assert outcomes(results) == ["deferred", "deferred"]
    assert phases == ["connecting", "data"]
    assert there.seen.messages == []


def test_refusal_in_the_middle_of_the_octets_is_believed(server, phases):
    there = server(Script(extensions=(), early="552 5.3.4 too big for me"))

    results = smarthost(there).send(BIG, on_phase=phases)

    assert outcomes(results) == ["failed", "failed"]
    assert results[0].reply_text == "5.3.4 too big for me"
    assert phases == ["connecting", "data"]


def test_acceptance_before_the_dot_is_not_believed(server, phases):
    there = server(Script(extensions=(), early="250 2.0.0 thanks"))

    assert outcomes(smarthost(there).send(BIG, on_phase=phases)) == ["deferred", "deferred"]
    assert phases == ["connecting", "data"]


@pytest.mark.parametrize("script", [Script(greeting=DRIP), Script(replies={"MAIL": DRIP})])
def test_server_that_drips_octets_is_left_at_the_deadline(server, phases, script):
    begun = time.monotonic()
    results = smarthost(server(script)).send(JOB, on_phase=phases)

    assert outcomes(results) == ["deferred", "deferred"]
    assert time.monotonic() - begun < 10


def test_attempt_as_a_whole_has_a_deadline(server, phases):
    there = server(Script(replies={"MAIL": HANG}))
    patient = Timeouts(command=60, total=0.5)
    transport = Smarthost(Relay("127.0.0.1", there.port), hostname="h.example", timeouts=patient)

    begun = time.monotonic()
    assert outcomes(transport.send(JOB, on_phase=phases)) == ["deferred", "deferred"]
    assert time.monotonic() - begun < 10


def test_aiosmtpd_takes_what_we_send(phases):
    class Keeper:
        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            self.taken = envelope
            return "250 2.0.0 kept"

    keeper = Keeper()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(keeper, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        transport = Smarthost(Relay("127.0.0.1", port), hostname="h.example", timeouts=SHORT)
        results = transport.send(JOB, on_phase=phases)
    finally:
        controller.stop()

    assert outcomes(results) == ["sent", "sent"]
    assert keeper.taken.content == RAW
    assert keeper.taken.rcpt_tos == list(JOB.rcpt_tos)


@pytest.mark.parametrize("phase", ["connecting", "data", "committing"])
def test_a_worker_that_lost_its_lease_delivers_nothing(server, phases, phase):
    there = server()
    phases.stop_at = phase

    with pytest.raises(LeaseLost):
        smarthost(there).send(JOB, on_phase=phases)

    time.sleep(0.1)
    assert there.seen.messages == []
    assert phases[-1] == phase
    assert there.seen.connections == (phase != "connecting")


@pytest.mark.parametrize("raw", [b"A: b\n\r\nx\r\n", b"A: b\r\n\r\nx\r.\r\n", RAW + b"\n.\n"])
def test_bare_cr_or_lf_never_leaves(server, phases, raw):
    there = server()
    results = smarthost(there).send(Job(JOB.mail_from, JOB.rcpt_tos, raw), on_phase=phases)

    assert outcomes(results) == ["failed", "failed"]
    assert there.seen.connections == 0


@pytest.mark.parametrize(
    "address", ["a@x>\r\nRCPT TO:<b@y", "a b@x.example", "a@x\0", "", "a@x> X=<"]
)
def test_what_is_no_address_never_leaves(server, phases, address):
    there = server()
    job = Job(JOB.mail_from, ("ann@x.example", address), RAW)

    assert outcomes(smarthost(there).send(job, on_phase=phases)) == ["sent", "failed"]
    assert len([each for each in there.seen.commands if each.startswith("RCPT")]) == 1


def test_second_message_uses_the_same_connection(server, phases):
    there = server()
    transport = smarthost(there)
    for _ in range(3):
        assert outcomes(transport.send(JOB, on_phase=phases)) == ["sent", "sent"]

    assert there.seen.connections == 1
    assert len(there.seen.messages) == 3


def test_idle_connection_that_the_server_closed_is_replaced(server, phases):
    there = server(Script(replies={"RSET": DROP}))
    transport = smarthost(there)
    for _ in range(2):
        assert outcomes(transport.send(JOB, on_phase=phases)) == ["sent", "sent"]

    assert there.seen.connections == 2


def test_server_that_only_knows_helo_is_served(server, phases):
    there = server(Script(replies={"EHLO": "502 5.5.1 what?"}))

    assert outcomes(smarthost(there).send(JOB, on_phase=phases)) == ["sent", "sent"]
    assert "MAIL FROM:<bounce+t@acme.example>" in there.seen.commands


def test_nobody_listening_is_deferred(server, phases):
    there = server()
    there.close()

    results = smarthost(there).send(JOB, on_phase=phases)
    assert outcomes(results) == ["deferred", "deferred"]
    assert "refused" in results[0].reply_text


def test_international_address_needs_smtputf8(server, phases):
    job = Job(JOB.mail_from, ("grüße@x.example",), RAW)

    assert outcomes(smarthost(server()).send(job, on_phase=phases)) == ["failed"]
    able = server(Script(extensions=("SMTPUTF8", "8BITMIME")))
    assert outcomes(smarthost(able).send(job, on_phase=phases)) == ["sent"]
    assert "RCPT TO:<grüße@x.example>" in able.seen.commands


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A server's TLS for localhost, and our trust in it."""
    context, authority = self_signed("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    verified_tls.cache_clear()
    yield context
    verified_tls.cache_clear()


@pytest.fixture
def untrusted(tmp_path):
    return self_signed("localhost", tmp_path)[0]


def test_required_tls_with_a_trusted_certificate_sends_the_password(server, phases, trusted):
    there = server(Script(tls=trusted, extensions=("AUTH PLAIN LOGIN",)))
    relay = smarthost(there, host="localhost", tls="required", user="u", password="p:@/")

    assert outcomes(relay.send(JOB, on_phase=phases)) == ["sent", "sent"]
    assert there.seen.encrypted == [True]
    assert "AUTH PLAIN AHUAcDpALw==" in there.seen.commands


def test_required_tls_with_a_strange_certificate_sends_nothing(server, phases, untrusted):
    there = server(Script(tls=untrusted))
    relay = smarthost(there, host="localhost", tls="required", user="u", password="p")

    results = relay.send(JOB, on_phase=phases)

    assert outcomes(results) == ["deferred", "deferred"]
    assert "certificate" in results[0].reply_text
    assert not [each for each in there.seen.commands if each.startswith(("AUTH", "MAIL"))]


def test_required_tls_that_is_not_offered_sends_nothing(server, phases):
    there = server(Script(replies={"STARTTLS": "502 5.5.1 what?"}))

    results = smarthost(there, host="localhost", tls="required").send(JOB, on_phase=phases)
    assert outcomes(results) == ["deferred", "deferred"]
    assert there.seen.messages == []


def test_refused_log_in_is_deferred_and_shows_no_password(server, phases, trusted):
    refusal = {"AUTH": "535 5.7.8 wrong"}
    there = server(Script(tls=trusted, extensions=("AUTH PLAIN",), replies=refusal))
    relay = smarthost(there, host="localhost", tls="required", user="u", password="hunter2")

    results = relay.send(JOB, on_phase=phases)

    assert outcomes(results) == ["deferred", "deferred"]
    assert results[0].reply_code == 535
    assert "hunter2" not in repr(results)


def test_catcher_says_sent_and_goes_through_all_phases(phases):
    results = Catcher().send(JOB, on_phase=phases)

    assert outcomes(results) == ["sent", "sent"]
    assert results[0].reply_text == "2.0.0 caught, not sent"
    assert phases == ["connecting", "data", "committing"]


def test_setting_names_a_transport():
    def chosen(url):
        return transport_for(url, dns="127.0.0.1:5353", hostname="h.example")

    assert isinstance(chosen("catcher"), Catcher)
    assert isinstance(chosen("direct"), Direct)
    assert isinstance(chosen("smtp://relay.example:2500"), Smarthost)
    relay = chosen("smtps://us%40er:p%2Fw%3A@relay.example")._relay
    assert relay == Relay("relay.example", 465, "implicit", "us@er", "p/w:")
    assert chosen("smtp://relay.example?tls=required")._relay.tls == "required"
    assert chosen("smtp://u:p@relay.example")._relay.tls == "required"
    assert "p/w" not in repr(relay)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "smtp://",
        "smtp://h:port",
        "http://h:25",
        "smtp://h/path",
        "smtp://h?x=y",
        "smtp://h?tls=maybe",
        "smtps://user@h",
        "smtps://u:secret@h?tls=never",
        "smtp://u:secret@h?tls=opportunistic",
        "smtp://u:secret@h:99999",
        "Catcher",
    ],
)
def test_any_other_setting_is_refused_without_the_password(url):
    with pytest.raises(ValueError, match=r"transport|password") as refusal:
        transport_for(url, dns="", hostname="h.example")
    assert "secret" not in str(refusal.value)
