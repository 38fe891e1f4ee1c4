"""Connections to a domain, counted in a real Valkey for all who connect."""

import threading
from uuid import uuid4

import pytest

from outbound import connection_limits
from outbound.connection_limits import ConnectionLimits
from outbound.transports import direct as direct_module
from outbound.transports.direct import Direct
from outbound.transports.protocol import Job, NotNow
from outbound.transports.wire import Timeouts
from tests.outbound.scripted_smtp import HANG, Script

RAW = b"From: a@acme.example\r\nTo: b@x.example\r\nSubject: s\r\n\r\nHello\r\n"
SHORT = Timeouts(connect=1, greeting=5, command=5, data=5, final=5, total=10)


@pytest.fixture
def domain() -> str:
    """A name that nobody else counts."""
    return f"{uuid4().hex}.example"


@pytest.fixture
def limits(settings):
    def make(most: int = 4) -> ConnectionLimits:
        return ConnectionLimits(settings.REDIS_URL, most=most)

    return make


def test_no_more_than_the_limit_over_all_processes(limits, domain):
    one, other = limits(3), limits(3)
    slots = [one.take(domain), other.take(domain), one.take(domain)]

    assert other.take(domain) is None
    slots[0].release()
    slots[0].release()
    assert other.take(domain)
    assert one.take(domain) is None


def test_other_domains_are_not_concerned(limits, domain):
    one = limits(1)
    assert one.take(domain)

    assert one.take(f"other.{domain}")


def test_limit_halves_down_to_one(limits, domain):
    one = limits(4)
    for most in (2, 1, 1):
        one.halve(domain)
        slots = [one.take(domain) for _ in range(4)]
        assert sum(slot is not None for slot in slots) == most
        for slot in slots:
            if slot:
                slot.release()
        one._client.delete(f"mailagent:connections:halved:{domain}")


def test_refusals_at_the_same_moment_halve_once(limits, domain):
    one = limits(8)
    for _ in range(5):
        one.halve(domain)

    assert sum(one.take(domain) is not None for _ in range(8)) == 4


def test_slot_of_a_process_that_died_comes_back(limits, domain, monkeypatch):
    monkeypatch.setattr(connection_limits, "LEASE", 0.05)
    dead = limits(1)
    assert dead.take(domain)
    dead._held.clear()  # nobody renews it

    assert wait_for(lambda: limits(1).take(domain))


def test_slot_that_is_held_is_renewed(limits, domain, monkeypatch):
    monkeypatch.setattr(connection_limits, "LEASE", 0.6)
    monkeypatch.setattr(connection_limits, "RENEW_EVERY", 0.1)
    one = limits(1)
    slot = one.take(domain)

    assert not wait_for(lambda: limits(1).take(domain), seconds=1.2)
    slot.release()
    assert limits(1).take(domain)


def test_nothing_waits_for_a_valkey_that_is_away(domain):
    nowhere = ConnectionLimits("redis://127.0.0.1:1/0", most=1)

    assert all(nowhere.take(domain) for _ in range(3))
    nowhere.halve(domain)


def wait_for(truth, seconds: float = 30.0):
    done = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if found := truth():
            return found
        done.wait(0.05)
    return None


# --- On the way out -----------------------------------------------------------------------------


@pytest.fixture
def direct(zone, limits, domain):
    def make(port: int, most: int = 1) -> Direct:
        dns = zone({(domain, "MX"): [f"5 mx.{domain}."], (f"mx.{domain}", "A"): ["127.0.0.1"]})
        return Direct(
            hostname="mail.acme.example",
            dns=dns.address,
            port=port,
            timeouts=SHORT,
            limits=limits(most),
        )

    return make


def test_server_that_says_421_gets_half_the_connections(direct, server, phases, domain, limits):
    there = server(Script(greeting="421 4.7.0 too many connections"))

    (result,) = direct(there.port, most=4).send(Job("", (f"a@{domain}",), RAW), on_phase=phases)

    assert (result.outcome, result.reply_code) == ("deferred", 421)
    assert sum(limits(4).take(domain) is not None for _ in range(4)) == 2


def test_message_that_finds_all_connections_busy_is_not_begun(
    direct, server, phases, domain, monkeypatch
):
    monkeypatch.setattr(direct_module, "PATIENCE", 0.2)
    there = server(Script(replies={"MAIL": HANG}))
    transport, job = direct(there.port), Job("", (f"a@{domain}",), RAW)
    first = threading.Thread(target=lambda: transport.send(job, on_phase=lambda phase: None))
    first.start()
    assert wait_for(lambda: there.seen.connections)

    with pytest.raises(NotNow):
        transport.send(job, on_phase=phases)
    assert phases == ["connecting"]
    there.released.set()
    first.join(30)


def test_waiting_message_goes_over_the_connection_that_becomes_free(direct, server, phases, domain):
    there = server()
    transport, job = direct(there.port), Job("", (f"a@{domain}",), RAW)
    threads = [
        threading.Thread(target=lambda: transport.send(job, on_phase=lambda phase: None))
        for _ in range(5)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)

    assert len(there.seen.messages) == 5
    assert there.seen.connections == 1


def test_connection_that_broke_gives_its_slot_back(direct, server, phases, domain, limits):
    there = server(Script(on_dot="421 4.3.2 good night"))
    direct(there.port).send(Job("", (f"a@{domain}",), RAW), on_phase=phases)

    assert limits(1).take(domain)
