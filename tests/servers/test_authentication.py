"""Who is it really: evaluated with a real DNS server while mail comes in by SMTP."""

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event
from inboxes import examining
from inboxes.examining import Examiner
from inboxes.models import Message
from inboxes.proving.lookups import Unanswered
from inboxes.proving.resolver import LiveDns, resolver_at
from inboxes.second_look import look_again
from outbound.dkim import Signer, new_key, sign
from tests.dns_server import SERVFAIL, SILENCE, DnsServer
from tests.inboxes.letters import compose
from tests.servers.running import running

SUPPORT = "support@acme.example"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def key():
    return new_key("ed25519-sha256")


@pytest.fixture
def zone(key):
    server = DnsServer(
        {
            ("customer.example", "TXT"): ['"v=spf1 ip4:127.0.0.1 -all"'],
            ("_dmarc.customer.example", "TXT"): ['"v=DMARC1; p=reject"'],
            ("s1._domainkey.customer.example", "TXT"): [f'"{key[1]}"'],
            ("evil.example", "TXT"): ['"v=spf1 +all"'],
        }
    )
    yield server
    server.close()


def live(zone):
    return LiveDns(resolver_at(zone.address), knows_reserved=True)


@pytest.fixture
def server(transactional_db, inbox, zone):
    with running(examiner=Examiner(live(zone))) as listening:
        yield listening


def received(server, raw, mail_from="ann@customer.example"):
    with server.client() as smtp:
        smtp.sendmail(mail_from, [SUPPORT], raw)
    return Message.objects.latest("created_at")


def test_mail_from_a_server_of_its_domain_is_proven(server):
    message = received(server, compose())

    found = message.authentication
    assert (found["spf"], found["dkim"], found["dmarc"]) == ("pass", "none", "pass")
    assert found["aligned"] is True
    assert message.labels == []


def test_signed_mail_is_proven_by_its_signature(server, key):
    signed = sign(compose(), [Signer("customer.example", "s1", "ed25519-sha256", key[0])])
    message = received(server, signed, mail_from="bounce@evil.example")

    assert (message.authentication["dkim"], message.authentication["dmarc"]) == ("pass", "pass")
    assert message.authentication["details"]["dkim"][0]["selector"] == "s1"


def test_forged_sender_is_labelled_and_kept(server):
    message = received(server, compose(), mail_from="eve@evil.example")

    assert message.authentication["dmarc"] == "fail"
    assert message.labels == ["dmarc-fail"]
    assert message.entries.get().folder.role == "inbox"


def test_event_of_an_arrival_tells_who_it_is(server):
    received(server, compose(), mail_from="eve@evil.example")

    payload = Event.objects.get(type="message.received").payload
    assert payload["authentication"] == {
        "spf": "pass",
        "dkim": "none",
        "dmarc": "fail",
        "aligned": False,
    }
    assert payload["labels"] == ["dmarc-fail"]


def test_results_in_our_name_are_not_believed(server, settings):
    settings.HOSTNAME = "mx.acme.example"
    forged = compose(authentication_results="mx.acme.example; dmarc=pass; spf=pass")
    message = received(server, forged, mail_from="eve@evil.example")

    assert message.authentication["dmarc"] == "fail"
    assert "results_in_our_name" in message.warnings
    assert b"Authentication-Results: mx.acme.example" in bytes(message.raw_record.octets)


def test_mail_is_taken_though_no_dns_answers_and_the_next_does_not_wait(server, zone):
    zone.fault = SILENCE
    first = received(server, compose(message_id="1@x"))
    began = time.monotonic()
    others = [received(server, compose(message_id=f"{n}@x")) for n in range(2, 6)]

    assert {one.authentication["dmarc"] for one in [first, *others]} == {"temperror"}
    assert first.authentication["unsettled"] is True
    assert time.monotonic() - began < 2 * examining.PATIENCE


def test_domain_whose_servers_are_silent_does_not_stop_the_others(server, zone):
    zone.records["_dmarc.evil.example", "TXT"] = SILENCE
    received(server, compose(sender="eve@evil.example", message_id="1@x"), "eve@evil.example")
    message = received(server, compose())

    assert message.authentication["dmarc"] == "pass"


def test_answer_is_remembered(zone):
    dns = live(zone)
    for _ in range(3):
        dns.ask("customer.example", "TXT", 2)

    assert zone.asked.count(("customer.example", "TXT")) == 1


def test_failure_is_remembered_for_a_while(zone):
    zone.records["broken.example", "TXT"] = SERVFAIL
    dns = live(zone)
    for _ in range(3):
        with pytest.raises(Unanswered):
            dns.ask("broken.example", "TXT", 2)
    asked = zone.asked.count(("broken.example", "TXT"))

    assert 1 <= asked <= 3  # dnspython asks again by itself, we do not
    assert dns.answers


def test_resolver_that_comes_back_is_asked_again(zone, monkeypatch):
    monkeypatch.setattr("inboxes.proving.resolver._PROBE_EVERY", 0.1)
    monkeypatch.setattr("inboxes.proving.resolver._PROBE_LIFETIME", 0.3)
    zone.fault = SILENCE
    dns = live(zone)
    with pytest.raises(Unanswered):
        dns.ask("customer.example", "TXT", 0.3)
    eventually(lambda: not dns.answers)
    zone.fault = ""
    eventually(lambda: dns.answers)

    assert dns.ask("customer.example", "TXT", 2).values == (b"v=spf1 ip4:127.0.0.1 -all",)


def test_reserved_names_are_not_asked_of_the_machines_resolver(zone):
    dns = LiveDns(resolver_at(zone.address), knows_reserved=False)

    assert not dns.ask("customer.example", "TXT", 2).exists
    assert zone.asked == []


def test_letters_beyond_those_in_hand_are_stored_unexamined(inbox, transactional_db, monkeypatch):
    monkeypatch.setattr("servers.inbound.MOST_EXAMINED", 0)
    with running() as server:
        message = received(server, compose())

    assert message.authentication["unsettled"] is True


def test_examination_that_breaks_costs_no_message(inbox, transactional_db, caplog):
    class Broken:
        def ask(self, name, record_type, seconds):
            raise ZeroDivisionError

    with running(examiner=Examiner(Broken())) as server:
        message = received(server, compose())

    assert message.subject == "My printer burns"


def test_sender_is_authenticated_later_when_the_dns_was_silent(server, zone):
    zone.fault = SILENCE
    message = received(server, compose(), mail_from="eve@evil.example")
    zone.fault = ""
    settled = look_again(Examiner(live(zone)), timezone.now() + timedelta(minutes=2))

    message.refresh_from_db()
    assert settled == 1
    assert message.authentication["dmarc"] == "fail"
    assert "unsettled" not in message.authentication
    assert message.labels == ["dmarc-fail"]
    assert Event.objects.latest("pk").payload["authentication"]["dmarc"] == "fail"


def test_second_look_is_given_up_in_the_end(server, zone):
    zone.fault = SERVFAIL
    message = received(server, compose())
    for hours in (0.02, 0.1, 0.3, 1.1, 4.3, 17.1):
        look_again(Examiner(live(zone)), timezone.now() + timedelta(hours=hours))

    message.refresh_from_db()
    assert message.authentication["dmarc"] == "temperror"
    assert "unsettled" not in message.authentication


def eventually(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        threading.Event().wait(0.02)
