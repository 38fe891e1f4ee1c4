"""What providers report and bring: verified, told once, and only about what is the domain's."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event, EventType
from inboxes.models import Inbox, Message, MessageRaw
from outbound import configuring, ways_out
from outbound.models import Delivery, ProviderMessage, ProviderReport, Suppression
from tests.outbound.mail import queued, statuses
from tests.outbound.provider_api import SETTINGS
from tracking import provider_reports
from tracking.models import Hit

ANN = "ann@customer.example"
RAW = (
    "From: Ann <ann@customer.example>\n"
    "To: support@acme.example\n"
    "Subject: A question\n"
    "Message-ID: <q1@customer.example>\n\n"
    "Hello\n"
)
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:Your Anymail webhooks are insecure"),
]


@pytest.fixture
def sent(inbox) -> Delivery:
    """A message that a provider took and calls remote-1."""
    message = queued(inbox, ANN)
    Delivery.objects.filter(message=message).update(
        status="sent", attempts=1, settled_at=timezone.now()
    )
    delivery = Delivery.objects.get(message=message)
    ProviderMessage.objects.create(domain=inbox.domain, remote_id="remote-1", delivery=delivery)
    return delivery


def postmark(record: str, **more: object) -> dict[str, object]:
    usual = {"RecordType": record, "MessageID": "remote-1", "Email": ANN, "Recipient": ANN}
    return {**usual, **more}


def post(client, path: str, said: object, **headers: str):
    return client.post(path, json.dumps(said), content_type="application/json", headers=headers)


BOUNCE = postmark(
    "Bounce", Type="HardBounce", ID=7, Details="smtp;550 5.1.1 no such user", BouncedAt="2026-03-01"
)


def test_bounce_fails_the_delivery_and_suppresses_the_address(client, hooked, sent):
    _, paths = hooked("postmark")

    assert post(client, paths["tracking"], BOUNCE).status_code == 200

    assert statuses(sent.message) == ["failed"]
    assert Suppression.objects.get().address == ANN
    sent.refresh_from_db()
    assert "no such user" in sent.last_reply


def test_repeated_report_has_no_effect(client, hooked, sent):
    _, paths = hooked("postmark")
    for _ in range(3):
        assert post(client, paths["tracking"], BOUNCE).status_code == 200

    assert Event.objects.filter(type=EventType.MESSAGE_BOUNCED).count() == 1
    assert ProviderReport.objects.count() == 1


def test_what_was_heard_is_forgotten_after_a_month(client, hooked, sent):
    _, paths = hooked("postmark")
    post(client, paths["tracking"], BOUNCE)
    now = timezone.now()

    assert provider_reports.forget_old(now + timedelta(days=29)) == 0
    assert provider_reports.forget_old(now + timedelta(days=31)) == 1


def test_complaint_suppresses(client, hooked, sent):
    _, paths = hooked("postmark")
    post(client, paths["tracking"], postmark("SpamComplaint", Type="SpamComplaint", ID=8))

    assert Suppression.objects.get().reason == "complaint"


def test_full_mailbox_is_no_reason_to_suppress(client, hooked, sent):
    _, paths = hooked("postmark")
    said = postmark("Bounce", Type="SoftBounce", ID=9, Details="452 4.2.2 mailbox full")
    post(client, paths["tracking"], said)

    assert not Suppression.objects.exists()


def test_uncertain_delivery_is_settled_by_a_report_of_its_arrival(client, hooked, sent):
    """No answer came, so no name of the provider's is known: it gives ours back."""
    _, paths = hooked("postmark")
    ProviderMessage.objects.all().delete()
    Delivery.objects.filter(pk=sent.pk).update(status="uncertain", settled_at=None)
    said = postmark("Delivery", MessageID="x", Metadata={"mailagent_id": str(sent.message_id)})
    post(client, paths["tracking"], said)

    assert statuses(sent.message) == ["sent"]


def test_opens_count_only_where_the_inbox_wants_them(client, hooked, sent, inbox):
    _, paths = hooked("postmark")
    post(client, paths["tracking"], postmark("Open", ReceivedAt="2026-03-01T10:00:00Z"))
    assert not Hit.objects.exists()

    Inbox.objects.filter(pk=inbox.pk).update(track_opens=True)
    for _ in range(2):
        post(client, paths["tracking"], postmark("Open", ReceivedAt="2026-03-01T11:00:00Z"))
    assert Hit.objects.count() == 1


def test_report_about_another_workspace_s_mail_changes_nothing(client, hooked, sent, strange_inbox):
    """A stranger's provider names our message."""
    strange = configuring.configure(
        strange_inbox.domain, "postmark", SETTINGS["postmark"], by="test"
    )
    path = "/hooks/" + configuring.webhook_urls(strange)[0].partition("/hooks/")[2]
    said = {**BOUNCE, "Metadata": {"mailagent_id": str(sent.message_id)}}

    assert post(client, path, said).status_code == 200
    assert statuses(sent.message) == ["sent"]


@pytest.mark.parametrize("secret", ["x", "", "%00"])
def test_wrong_secret_is_not_found(client, hooked, sent, secret):
    row, _ = hooked("postmark")

    response = post(client, f"/hooks/providers/{row.pk}/{secret}/tracking", BOUNCE)

    assert response.status_code == 404
    assert statuses(sent.message) == ["sent"]


def test_secret_of_one_transport_opens_no_other(client, hooked, sent, strange_inbox):
    row, _ = hooked("postmark")
    strange = configuring.configure(
        strange_inbox.domain, "postmark", SETTINGS["postmark"], by="test"
    )
    secret = ways_out.opened(strange)[ways_out.WEBHOOK_SECRET]

    path = f"/hooks/providers/{row.pk}/{secret}/tracking"
    assert post(client, path, BOUNCE).status_code == 404


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[1]", b"[" * 9999]
)
@pytest.mark.parametrize("what", ["tracking", "inbound"])
def test_nonsense_is_refused(client, hooked, what, body):
    _, paths = hooked("postmark")

    response = client.post(paths[what], body, content_type="application/json")
    assert response.status_code == 400


def test_hook_answers_who_looks_whether_it_is_there(client, hooked):
    _, paths = hooked("postmark")

    assert client.head(paths["tracking"]).status_code == 200
    assert client.get(paths["tracking"]).status_code == 405


# --- Signatures ---------------------------------------------------------------------------------


def mailgun(key: str, event: dict[str, object]) -> dict[str, object]:
    token, timestamp = "t" * 50, str(int(time.time()))
    digest = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": timestamp, "token": token, "signature": digest}
    return {"signature": signature, "event-data": event}


FAILED = {
    "id": "e1",
    "event": "failed",
    "severity": "permanent",
    "recipient": ANN,
    "timestamp": 1_700_000_000.0,
    "message": {"headers": {"message-id": "remote-1"}},
    "delivery-status": {"code": 550, "message": "5.1.1 user unknown"},
}


def test_mailgun_s_signature_is_verified(client, hooked, sent):
    _, paths = hooked("mailgun")
    ProviderMessage.objects.update(remote_id="<remote-1>")
    key = SETTINGS["mailgun"]["webhook_signing_key"]

    assert post(client, paths["tracking"], mailgun("another key", FAILED)).status_code == 403
    assert statuses(sent.message) == ["sent"]
    assert post(client, paths["tracking"], mailgun(key, FAILED)).status_code == 200
    assert statuses(sent.message) == ["failed"]


def svix(secret: bytes, body: bytes) -> dict[str, str]:
    at = str(int(time.time()))
    signed = b".".join((b"msg_1", at.encode(), body))
    signature = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    return {"svix-id": "msg_1", "svix-timestamp": at, "svix-signature": f"v1,{signature}"}


def test_resend_s_signature_is_verified(client, hooked, sent):
    secret = b"s" * 24
    written = "whsec_" + base64.b64encode(secret).decode()
    _, paths = hooked("resend", signing_secret=written)
    said = {
        "type": "email.complained",
        "created_at": "2026-03-01T10:00:00Z",
        "data": {"email_id": "remote-1", "to": [ANN], "created_at": "2026-03-01T10:00:00Z"},
    }
    body = json.dumps(said).encode()

    def hook(headers: dict[str, str]) -> int:
        return client.post(
            paths["tracking"], body, content_type="application/json", headers=headers
        ).status_code

    assert hook({}) == 403
    assert hook(svix(b"another" * 4, body)) == 403
    assert hook(svix(secret, body)) == 200
    assert Suppression.objects.get().reason == "complaint"


@pytest.mark.parametrize("kind", ["mailersend", "mandrill", "postal"])
def test_provider_that_signs_is_not_heard_without_its_key(client, hooked, kind):
    more = {"api_url": "http://127.0.0.1:1/"} if kind == "postal" else {}
    _, paths = hooked(kind, **more)

    assert post(client, paths["tracking"], {}).status_code == 400


# --- Mail that is brought -----------------------------------------------------------------------


def brought(recipient: str = "support@acme.example") -> dict[str, object]:
    return {
        "MessageID": "m",
        "OriginalRecipient": recipient,
        "Headers": [{"Name": "Return-Path", "Value": "<ann@customer.example>"}],
        "RawEmail": RAW,
    }


def test_mail_comes_in_by_the_usual_door_as_it_was(client, hooked, inbox):
    _, paths = hooked("postmark")

    assert post(client, paths["inbound"], brought()).status_code == 200

    message = Message.objects.get(inbox=inbox)
    assert (message.subject, message.mail_from) == ("A question", ANN)
    assert (
        bytes(MessageRaw.objects.get(message=message).octets) == RAW.replace("\n", "\r\n").encode()
    )
    assert Event.objects.filter(type=EventType.MESSAGE_RECEIVED).count() == 1


def test_mail_that_is_brought_twice_is_one_copy(client, hooked, inbox):
    _, paths = hooked("postmark")
    for _ in range(2):
        post(client, paths["inbound"], brought())

    assert Message.objects.filter(inbox=inbox).count() == 1


def test_provider_brings_nothing_into_another_workspace(client, hooked, strange_inbox):
    _, paths = hooked("postmark")

    assert post(client, paths["inbound"], brought("support@elsewhere.example")).status_code == 200
    assert not Message.objects.exists()


def test_mailgun_brings_the_octets(client, hooked, inbox):
    _, paths = hooked("mailgun")
    signed = mailgun(SETTINGS["mailgun"]["webhook_signing_key"], {})["signature"]
    said = {**signed, "recipient": inbox.email, "sender": ANN, "body-mime": RAW}

    assert client.post(paths["inbound"], said).status_code == 200
    assert Message.objects.get(inbox=inbox).header_message_id == "q1@customer.example"
