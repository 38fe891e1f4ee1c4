"""Mail that a provider brings is examined as far as what it passes on allows, and no further."""

import base64
import hmac
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from inboxes.examining import examiner
from inboxes.models import Message
from inboxes.opening import open_inbox
from inboxes.second_look import look_again
from outbound.dkim import Signer, new_key, sign
from tests.dns_server import SILENCE, DnsServer
from tests.inboxes.letters import compose
from tests.servers.scanners import EICAR, GTUBE, clamd, rspamd
from tracking import provider_views

ANN = "ann@customer.example"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:Your Anymail webhooks are insecure"),
    pytest.mark.filterwarnings("ignore:django-anymail has dropped"),
]


@pytest.fixture(scope="module")
def key():
    return new_key("ed25519-sha256")


@pytest.fixture
def anew():
    """Has the examiner made again from the settings of the test, and forgotten after it."""
    examiner.cache_clear()
    yield
    examiner.cache_clear()


@pytest.fixture
def zone(key, settings, anew):
    server = DnsServer(
        {
            ("customer.example", "TXT"): ['"v=spf1 ip4:192.0.2.7 -all"'],
            ("_dmarc.customer.example", "TXT"): ['"v=DMARC1; p=reject"'],
            ("s1._domainkey.customer.example", "TXT"): [f'"{key[1]}"'],
        }
    )
    settings.DNS = server.address
    yield server
    server.close()


@pytest.fixture
def signed(key) -> bytes:
    return sign(compose(), [Signer("customer.example", "s1", "ed25519-sha256", key[0])])


def by_postmark(client, hooked, **more):
    """Brought whole or in parts; the message that was stored."""
    _, paths = hooked("postmark")
    said = {
        "OriginalRecipient": "support@acme.example",
        "Headers": [{"Name": "Return-Path", "Value": f"<{ANN}>"}],
        **more,
    }
    response = client.post(paths["inbound"], json.dumps(said), content_type="application/json")
    assert response.status_code == 200
    return Message.objects.get()


def by_sendgrid(client, hooked, raw: bytes = b"", **more: str):
    _, paths = hooked("sendgrid")
    envelope = json.dumps({"from": ANN, "to": ["support@acme.example"]})
    said = {"email": (raw or compose()).decode(), "envelope": envelope, **more}
    assert client.post(paths["inbound"], said).status_code == 200
    return Message.objects.get()


def by_mandrill(client, hooked, raw: bytes, **more: object):
    _, paths = hooked("mandrill", webhook_key="a key")
    event = {
        "event": "inbound",
        "ts": 1_700_000_000,
        "msg": {"raw_msg": raw.decode(), "email": "support@acme.example", **more},
    }
    events = json.dumps([event])
    url = provider_views.settings.BASE_URL + paths["inbound"]
    digest = hmac.digest(b"a key", f"{url}mandrill_events{events}".encode(), "sha1")
    headers = {"X-Mandrill-Signature": base64.b64encode(digest).decode()}
    response = client.post(paths["inbound"], {"mandrill_events": events}, headers=headers)
    assert response.status_code == 200
    return Message.objects.get()


def results(message) -> tuple[str, str, str, bool]:
    found = message.authentication
    return found["spf"], found["dkim"], found["dmarc"], found["aligned"]


# --- Who sent it --------------------------------------------------------------------------------


def test_signature_proves_the_sender_where_the_octets_are_passed_on(client, hooked, zone, signed):
    message = by_postmark(client, hooked, RawEmail=signed.decode())

    assert results(message) == ("none", "pass", "pass", True)
    assert "does not tell" in message.authentication["details"]["spf"]["reason"]


def test_unsigned_mail_is_neither_proven_nor_refuted_without_the_server_s_address(
    client, hooked, zone
):
    message = by_postmark(client, hooked, RawEmail=compose().decode())

    assert results(message) == ("none", "none", "none", False)
    assert message.labels == []


def test_broken_signature_counts_where_the_octets_are_passed_on(client, hooked, zone, signed):
    broken = signed.replace(b"on fire", b"in ashes")
    message = by_sendgrid(client, hooked, broken, sender_ip="198.51.100.1")

    assert results(message) == ("fail", "fail", "fail", False)
    assert message.labels == ["dmarc-fail"]


def test_broken_signature_says_nothing_where_only_parts_are_passed_on(client, hooked, zone, signed):
    signature = signed.partition(b"\r\nFrom:")[0].decode().replace("\r\n", "")
    message = by_postmark(
        client,
        hooked,
        Headers=[
            {"Name": "Return-Path", "Value": f"<{ANN}>"},
            {"Name": "DKIM-Signature", "Value": signature.partition(": ")[2]},
        ],
        FromFull={"Email": ANN, "Name": "Ann Example"},
        Subject="My printer burns",
        TextBody="It is on fire, in parts.",
    )

    assert results(message) == ("none", "none", "none", False)
    (found,) = message.authentication["details"]["dkim"]
    assert "not passed on" in found["reason"]
    assert message.labels == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", ("pass", "none", "pass", True)),
        ("198.51.100.1", ("fail", "none", "fail", False)),
    ],
)
def test_spf_is_asked_for_the_server_that_the_provider_names(
    client, hooked, zone, address, expected
):
    message = by_sendgrid(client, hooked, sender_ip=address)

    assert results(message) == expected


def test_pass_that_only_the_provider_has_seen_is_none(client, hooked, zone):
    message = by_sendgrid(client, hooked, SPF="pass")

    assert results(message) == ("none", "none", "none", False)


def test_provider_s_word_against_the_sender_is_taken(client, hooked, zone):
    message = by_mandrill(client, hooked, compose(), spf={"result": "softfail"})

    assert results(message) == ("softfail", "none", "fail", False)
    assert message.labels == ["dmarc-fail"]


def test_results_in_our_name_are_not_believed(client, hooked, zone, settings):
    claim = compose(authentication_results=f"{settings.HOSTNAME}; dmarc=pass")
    message = by_postmark(client, hooked, RawEmail=claim.decode())

    assert "results_in_our_name" in message.warnings
    assert message.authentication["dmarc"] == "none"


def test_sender_is_authenticated_later_when_the_dns_was_silent(client, hooked, zone, signed):
    zone.fault = SILENCE
    message = by_postmark(client, hooked, RawEmail=signed.decode())
    assert message.authentication["unsettled"]

    zone.fault = ""
    examiner.cache_clear()
    assert look_again(examiner(), timezone.now() + timedelta(minutes=2)) == 1
    message.refresh_from_db()
    assert results(message) == ("none", "pass", "pass", True)


def test_what_there_is_no_time_for_is_stored_and_looked_at_later(client, hooked, zone, monkeypatch):
    monkeypatch.setattr(provider_views, "EXAMINED_FOR", -1)
    message = by_postmark(client, hooked, RawEmail=compose().decode())

    assert message.authentication["unsettled"]
    assert zone.asked == []


def test_person_s_mail_is_not_automatic_because_the_envelope_is_not_told(client, hooked, zone):
    message = by_mandrill(client, hooked, compose())

    assert (message.mail_from, message.is_automated) == (ANN, False)


def test_every_recipient_of_the_envelope_gets_a_copy(client, hooked, inbox, anew):
    open_inbox(inbox.workspace, inbox.domain, "sales", by="test")
    _, paths = hooked("sendgrid")
    envelope = json.dumps({"from": ANN, "to": ["support@acme.example", "sales@acme.example"]})

    client.post(paths["inbound"], {"email": compose().decode(), "envelope": envelope})

    stored = Message.objects.values_list("inbox__username", flat=True)
    assert set(stored) == {"support", "sales"}


# --- What is in it ------------------------------------------------------------------------------


def test_scanners_look_at_what_a_provider_brings(client, hooked, settings, anew):
    with rspamd() as stub, clamd() as daemon:
        settings.RSPAMD, settings.CLAMAV = stub.url, daemon.address
        body = f"{GTUBE.decode()}\n{EICAR.decode()}"
        message = by_postmark(client, hooked, RawEmail=compose(body=body).decode())

    assert set(message.labels) == {"spam", "infected"}
    assert message.entries.get().folder.role == "junk"
    assert not {"IP", "Helo"} & stub.asked[0].keys()


@pytest.mark.parametrize(("score", "folder"), [("7.4", "junk"), ("4.9", "inbox"), ("x", "inbox")])
def test_score_of_the_provider_s_spamassassin_decides(client, hooked, anew, score, folder):
    message = by_sendgrid(client, hooked, spam_score=score)

    assert message.entries.get().folder.role == folder
    assert message.labels == (["spam"] if folder == "junk" else [])


def test_what_the_provider_calls_spam_is_in_junk_and_says_who_did(client, hooked, anew):
    raw = compose(x_spam_status="Yes", x_spam_score="9.1").decode()
    message = by_postmark(client, hooked, RawEmail=raw)

    assert message.entries.get().folder.role == "junk"
    assert message.metadata["scans"]["provider"] == {"spam": True, "score": 9.1}
    assert message.metadata["received"]["passed_on"]["by"] == "postmark"


# --- The octets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("in_base64", [True, False])
def test_sparkpost_brings_the_octets(client, hooked, anew, signed, in_base64):
    _, paths = hooked("sparkpost")
    text = base64.b64encode(signed) if in_base64 else signed
    content = {"email_rfc822": text.decode(), "email_rfc822_is_base64": in_base64}
    relayed = {"protocol": "smtp", "content": content, "msg_from": ANN}
    said = [{"msys": {"relay_message": {**relayed, "rcpt_to": "support@acme.example"}}}]

    response = client.post(paths["inbound"], json.dumps(said), content_type="application/json")

    assert response.status_code == 200
    assert bytes(Message.objects.get().raw_record.octets) == signed


def test_mandrill_brings_the_octets(client, hooked, anew, signed):
    assert bytes(by_mandrill(client, hooked, signed).raw_record.octets) == signed


def test_mailersend_brings_the_octets_and_what_it_found(client, hooked, zone, signed):
    _, paths = hooked("mailersend", inbound_secret="a secret")
    data = {
        "raw": signed.replace(b"on fire", b"in ashes").decode(),
        "sender": {"email": ANN},
        "recipients": {"rcptTo": [{"email": "support@acme.example"}]},
        "spf_check": {"code": "-", "value": None},
    }
    body = json.dumps({"type": "inbound.message", "data": data}).encode()
    headers = {"Signature": hmac.new(b"a secret", body, "sha256").hexdigest()}

    response = client.post(paths["inbound"], body, content_type="application/json", headers=headers)

    assert response.status_code == 200
    message = Message.objects.get()
    assert b"in ashes" in bytes(message.raw_record.octets)
    assert results(message) == ("fail", "fail", "fail", False)
