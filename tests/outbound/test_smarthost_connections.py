"""How the smarthost is connected to: TLS from the first octet, log-in, connections kept a while."""

import base64
import time
from collections.abc import Iterator

import pytest

from outbound.transports import idle
from outbound.transports.choose import transport_for
from outbound.transports.connecting import verified_tls
from outbound.transports.protocol import Job
from tests.outbound.scripted_smtp import Script, self_signed
from tests.outbound.worker_process import eventually

RAW = b"From: a@acme.example\r\nTo: b@x.example\r\nSubject: s\r\n\r\nHello\r\n"
JOB = Job("bounce+t@acme.example", ("ann@x.example",), RAW)


@pytest.fixture
def trusted(tmp_path, monkeypatch) -> Iterator[object]:
    """The TLS of a server named localhost, which this machine trusts."""
    context, authority = self_signed("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    verified_tls.cache_clear()
    yield context
    verified_tls.cache_clear()


def to(url: str):
    return transport_for(url, dns="", hostname="mail.acme.example")


def test_smtps_is_encrypted_from_the_first_octet(server, phases, trusted):
    there = server(Script(tls=trusted, is_implicit=True, extensions=("AUTH PLAIN",)))
    relay = to(f"smtps://us%40er:pass@localhost:{there.port}")

    (result,) = relay.send(JOB, on_phase=phases)

    assert result.outcome == "sent"
    assert there.seen.encrypted == [True]
    assert "STARTTLS" not in there.seen.commands
    assert there.seen.commands[1] == "AUTH PLAIN " + base64.b64encode(b"\0us@er\0pass").decode()


def test_smtps_to_a_server_that_nobody_vouches_for_is_deferred(server, phases, tmp_path):
    stranger, _ = self_signed("localhost", tmp_path)
    there = server(Script(tls=stranger, is_implicit=True))

    (result,) = to(f"smtps://localhost:{there.port}").send(JOB, on_phase=phases)

    assert result.outcome == "deferred"
    assert "certificate not accepted" in result.reply_text
    assert there.seen.commands == []


def test_smtps_to_a_server_without_tls_is_deferred(server, phases, trusted):
    there = server()

    (result,) = to(f"smtps://localhost:{there.port}").send(JOB, on_phase=phases)

    assert result.outcome == "deferred"
    assert there.seen.messages == []


def test_a_server_that_knows_only_login_is_logged_in_to(server, phases, trusted):
    there = server(Script(tls=trusted, is_implicit=True, extensions=("AUTH LOGIN",)))

    (result,) = to(f"smtps://user:pass@localhost:{there.port}").send(JOB, on_phase=phases)

    assert result.outcome == "sent"
    words = [base64.b64encode(each).decode() for each in (b"user", b"pass")]
    assert there.seen.commands[1:4] == ["AUTH LOGIN", *words]


def test_a_refused_login_is_deferred(server, phases, trusted):
    refusal = {"AUTH": "535 5.7.8 wrong"}
    script = Script(tls=trusted, is_implicit=True, extensions=("AUTH LOGIN",), replies=refusal)
    there = server(script)

    (result,) = to(f"smtps://user:hunter2@localhost:{there.port}").send(JOB, on_phase=phases)

    assert (result.outcome, result.reply_code) == ("deferred", 535)
    assert there.seen.messages == []


def test_a_connection_is_used_again_and_ended_when_nobody_needs_it(server, phases, monkeypatch):
    monkeypatch.setattr(idle, "_IDLE_SECONDS", 0.3)
    there = server()
    relay = to(f"smtp://127.0.0.1:{there.port}?tls=never")

    relay.send(JOB, on_phase=phases)
    phases.clear()
    relay.send(JOB, on_phase=phases)

    assert (there.seen.connections, len(there.seen.messages)) == (1, 2)
    assert "QUIT" not in there.seen.commands
    eventually(lambda: "QUIT" in there.seen.commands, "the connection is ended")


def test_a_connection_in_use_is_not_ended_by_the_timer_of_another(server, phases, monkeypatch):
    monkeypatch.setattr(idle, "_IDLE_SECONDS", 0.3)
    there = server()
    relay = to(f"smtp://127.0.0.1:{there.port}?tls=never")
    relay.send(JOB, on_phase=phases)

    def slowly(phase: str) -> None:
        if phase == "data":
            time.sleep(0.6)

    (result,) = relay.send(JOB, on_phase=slowly)

    assert result.outcome == "sent"
    assert there.seen.connections == 1
