"""A domain's own way out: configured by an admin, sealed, and taken by its mail."""

import pytest
from django.test import Client

from accounts.models import User
from events.models import AuditEntry
from outbound import attempts, claims, configuring, ways_out
from outbound.models import Delivery, DomainTransport, ProviderMessage
from tests.outbound.mail import at_once, claimed, queued, statuses
from tests.outbound.provider_api import SETTINGS, api_of, taken_by
from tests.webhooks.receiver import Receiver

ANN, BOB = "ann@customer.example", "bob@other.example"
TOKEN = SETTINGS["postmark"]["server_token"]


@pytest.fixture(autouse=True)
def an_installation_that_lets_mail_out(settings):
    settings.TRANSPORT = "smtp://127.0.0.1:1?tls=never"
    attempts.transport.cache_clear()
    ways_out.forget()
    yield
    attempts.transport.cache_clear()
    ways_out.forget()


@pytest.fixture
def postmark(inbox):
    there = Receiver(lambda taken: taken_by("postmark", (ANN, BOB)))
    configuring.configure(inbox.domain, "postmark", api_of("postmark", there), by="test")
    ways_out.forget()
    yield there
    there.close()


@pytest.fixture
def admin(db) -> Client:
    root = User.objects.create_superuser("root@acme.example", "a long pass phrase", name="Root")
    client = Client()
    client.force_login(root, "django.contrib.auth.backends.ModelBackend")
    return client


# --- Configuring --------------------------------------------------------------------------------


def add(admin: Client, inbox, kind: str, written: str):
    fields = {"domain": inbox.domain_id, "kind": kind, "is_active": "on", "new_settings": written}
    return admin.post("/admin/outbound/domaintransport/add/", fields)


def test_admin_configures_a_provider_and_never_sees_the_secret_again(admin, inbox):
    assert add(admin, inbox, "postmark", f"server_token = {TOKEN}").status_code == 302

    row = DomainTransport.objects.get()
    assert TOKEN.encode() not in bytes(row.sealed_settings)
    page = admin.get(f"/admin/outbound/domaintransport/{row.pk}/change/").content.decode()
    assert TOKEN not in page
    assert "server_token = (set)" in page
    assert f"/hooks/providers/{row.pk}/" in page
    assert TOKEN not in str(list(AuditEntry.objects.values()))


def test_admin_changes_one_setting_and_the_others_stay(admin, inbox):
    add(admin, inbox, "postmark", f"server_token = {TOKEN}")
    row = DomainTransport.objects.get()
    secret = ways_out.opened(row)[ways_out.WEBHOOK_SECRET]

    fields = {"kind": "postmark", "is_active": "on", "new_settings": "message_stream = support"}
    admin.post(f"/admin/outbound/domaintransport/{row.pk}/change/", fields)

    row.refresh_from_db()
    assert ways_out.opened(row) == {
        "server_token": TOKEN,
        "message_stream": "support",
        ways_out.WEBHOOK_SECRET: secret,
    }


@pytest.mark.parametrize(
    ("kind", "written", "words"),
    [
        ("postmark", "", "needs server_token"),
        ("postmark", "server_token", "no `name = value`"),
        ("postmark", "api_key = x", "no setting"),
        ("smarthost", "url = ftp://relay.example", "smtps://user:password@host:port"),
        ("smarthost", "url = smtp://us:pass@relay.example?tls=opportunistic", "tls=required"),
        ("direct", "url = x", "takes no settings"),
    ],
)
def test_admin_is_told_what_cannot_work(admin, inbox, kind, written, words):
    response = add(admin, inbox, kind, written)

    assert response.status_code == 200
    assert words.replace("'", "&#x27;") in response.content.decode()
    assert not DomainTransport.objects.exists()


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_each_provider_is_built_from_what_is_stored(inbox, kind):
    given = {"api_url": "https://api.example/", **SETTINGS[kind]}
    configuring.configure(inbox.domain, kind, given, by="test")
    ways_out.forget()

    way = ways_out.own_way(inbox.domain)

    assert (way.name, way.is_provider) == (kind, True)


def test_nothing_gets_out_where_mail_is_caught(inbox, postmark, settings):
    settings.TRANSPORT = "catcher"
    attempts.transport.cache_clear()
    message = queued(inbox, ANN)
    attempts.attempt(claimed(message))

    assert postmark.taken == []
    assert Delivery.objects.get(message=message).transport == "catcher"


# --- Sending ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_message_for_several_domains_is_one_request(inbox, postmark):
    message = queued(inbox, ANN, BOB)
    attempts.attempt(claimed(message, "other.example"))

    assert len(postmark.taken) == 1
    assert (ANN in postmark.taken[0].body["To"], BOB in postmark.taken[0].body["To"]) == (
        True,
        True,
    )
    assert statuses(message) == ["sent", "sent"]
    assert set(Delivery.objects.values_list("transport", flat=True)) == {"postmark"}
    assert ProviderMessage.objects.filter(remote_id="remote-1").count() == 2
    assert claims.claim_next() is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_come_for_a_message_at_once_send_it_once_and_whole(inbox, postmark):
    message = queued(inbox, ANN, BOB)

    def work(domain: str) -> None:
        if claim := claims.claim(message.pk, domain):
            attempts.attempt(claim)

    at_once(lambda: work("customer.example"), lambda: work("other.example"))

    assert [each.body["To"] for each in postmark.taken] == [f"{ANN}, {BOB}"]


def test_provider_gets_no_signature_of_ours(inbox, postmark):
    attempts.attempt(claimed(queued(inbox, ANN)))

    assert "DKIM" not in postmark.taken[0].content.decode()


def test_other_domains_take_the_installation_s_way(strange_inbox, postmark):
    message = queued(strange_inbox, ANN)
    attempts.attempt(claimed(message))

    assert postmark.taken == []
    assert Delivery.objects.get(message=message).transport == "smarthost"


def test_mail_waits_while_its_settings_cannot_be_opened(inbox, postmark):
    DomainTransport.objects.update(sealed_settings=b"sealed under another key")
    ways_out.forget()
    message = queued(inbox, ANN)
    attempts.attempt(claimed(message))

    assert statuses(message) == ["deferred"]
    assert "Unusable" in Delivery.objects.get(message=message).last_reply
