"""Forwards, files of forms, and mail that leaves later."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from drafts.models import Draft
from inboxes.models import Attachment, Inbox, Message, MessageRaw
from outbound.models import Delivery
from tests.api.conftest import Client, make_message, make_thread
from tests.api.test_tenants import refusal
from tests.conftest import make_key

TO = {"to": "bob@other.example"}


@pytest.fixture
def client(inbox) -> Client:
    Inbox.objects.filter(pk=inbox.pk).update(review_mode=Inbox.ReviewMode.OFF)
    return Client(make_key(inbox))


@pytest.fixture
def path(inbox) -> str:
    return f"/v1/inboxes/{inbox.pk}"


@pytest.fixture
def message(inbox) -> Message:
    return make_message(make_thread(inbox), subject="Fwd: Broken")


def sent(response) -> Message:
    assert response.status_code == 200, response.content
    return Message.objects.get(pk=response.json()["messageId"])


def test_a_forward_is_a_new_conversation_with_the_message_and_its_files(client, path, message):
    body = TO | {"plainBody": "Please look."}
    forward = sent(client.post(f"{path}/messages/{message.pk}/forward", body))
    assert forward.thread_id != message.thread_id
    assert (forward.subject, forward.in_reply_to) == ("Fwd: Broken", "")
    assert forward.plain_body.startswith("Please look.\n\n---------- Forwarded message")
    assert "From: Ann <ann@customer.example>" in forward.plain_body
    assert forward.plain_body.rstrip().endswith("It is broken.")
    (file,) = forward.attachments.all()
    assert (file.filename, file.content_type, file.size) == ("bill.pdf", "application/pdf", 5)


def test_both_paths_forward_and_words_need_not_be_added(client, path, message):
    forward = sent(client.post(f"{path}/forward/{message.pk}", TO))
    assert forward.plain_body.startswith("---------- Forwarded message")


def test_pictures_in_the_text_of_a_forward_still_show(client, path, message):
    html = '<p onclick="x()">See <img src="cid:logo@x"></p><script>evil()</script>'
    Message.objects.filter(pk=message.pk).update(html_body=html)
    Attachment.objects.filter(message=message).update(
        content_id="logo@x", inline=True, content_type="image/png", filename=""
    )
    forward = sent(client.post(f"{path}/forward/{message.pk}", TO | {"plainBody": "Look"}))
    assert "cid:logo@x" in forward.html_body and "Look" in forward.html_body
    assert "evil" not in forward.html_body and "onclick" not in forward.html_body
    (file,) = forward.attachments.all()
    assert (file.content_id, file.inline) == ("logo@x", True)


def test_a_forward_needs_somebody_to_go_to(client, path, message):
    assert list(client.post(f"{path}/forward/{message.pk}", {}).json()["details"]) == ["to"]


def test_a_form_carries_files_beside_the_fields(client, path):
    form = {
        "to": ["ann@customer.example", "bob@other.example"],
        "subject": "Your bill",
        "plainBody": "Here it is.",
        "htmlBody": '<p>Here it is. <img src="cid:logo"></p>',
        "metadata": '{"order": 7}',
        "attachments": SimpleUploadedFile("bill.pdf", b"%PDF-", "application/pdf"),
        "cid:logo": SimpleUploadedFile("logo.png", b"\x89PNG", "image/png"),
    }
    mail = sent(client.post(f"{path}/send", form, format="multipart"))
    assert mail.recipients == ["ann@customer.example", "bob@other.example"]
    assert mail.metadata == {"order": 7}
    files = {file.filename: (file.content_id, file.inline) for file in mail.attachments.all()}
    assert files == {"bill.pdf": ("", False), "logo.png": ("logo", True)}
    assert b"Content-ID: <logo>" in bytes(MessageRaw.objects.get(pk=mail.pk).octets)


def test_replies_and_drafts_take_forms_too(client, path, message):
    file = SimpleUploadedFile("a.txt", b"hello", "text/plain")
    form = {"plainBody": "Hello", "attachments": file}
    sent(client.post(f"{path}/reply/{message.pk}", form, format="multipart"))
    file.seek(0)
    draft = client.post(f"{path}/drafts", TO | form | {"submit": "false"}, format="multipart")
    assert (draft.status_code, draft.json()["status"]) == (201, "composing")
    assert [each["filename"] for each in draft.json()["attachments"]] == ["a.txt"]


@pytest.mark.parametrize("field", ["metadata", "headers", "nonsense"])
def test_what_is_wrong_in_a_form_is_named(client, path, field):
    form = TO | {"subject": "x", "plainBody": "y", field: "no JSON"}
    response = client.post(f"{path}/send", form, format="multipart")
    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["details"]) == [field]


def test_repeated_forms_are_the_same_whatever_their_boundary(client, path):
    for _ in range(2):
        file = SimpleUploadedFile("a.txt", b"hello", "text/plain")
        form = TO | {"subject": "x", "plainBody": "y", "attachments": file, "clientId": "once"}
        sent(client.post(f"{path}/send", form, format="multipart"))
    assert Message.objects.count() == 1


def later(**by: int) -> str:
    return (timezone.now() + timedelta(**by)).isoformat()


def test_scheduled_mail_waits_in_the_queue(client, path):
    mail = sent(client.post(f"{path}/send", TO | {"plainBody": "x", "sendAt": later(days=2)}))
    delivery = Delivery.objects.get(message=mail)
    assert delivery.next_attempt_at > timezone.now() + timedelta(days=1)


def test_mail_may_ask_to_be_given_up_sooner_counted_from_when_it_may_leave(client, path):
    body = TO | {"plainBody": "x", "sendAt": later(days=2), "expiresIn": 3600}
    delivery = Delivery.objects.get(message=sent(client.post(f"{path}/send", body)))
    assert delivery.expires_at == delivery.next_attempt_at + timedelta(hours=1)


@pytest.mark.parametrize("seconds", [59, 432_001, -1, "soon"])
def test_mail_cannot_ask_for_more_than_five_days_nor_for_less_than_a_minute(client, path, seconds):
    for where in ("send", "drafts"):
        response = client.post(f"{path}/{where}", TO | {"plainBody": "x", "expiresIn": seconds})
        assert refusal(response) == (400, "VALIDATION_ERROR")
        assert list(response.json()["details"]) == ["expiresIn"]


@pytest.mark.parametrize("when", ["2020-01-01T00:00:00Z", "yesterday", 7])
def test_mail_cannot_be_sent_in_the_past(client, path, when):
    for where in ("send", "drafts"):
        response = client.post(f"{path}/{where}", TO | {"plainBody": "x", "sendAt": when})
        assert refusal(response) == (400, "VALIDATION_ERROR")
        assert list(response.json()["details"]) == ["sendAt"]


def test_what_a_policy_let_go_is_withdrawn_while_it_is_scheduled(client, path):
    answer = client.post(f"{path}/send", TO | {"plainBody": "x", "sendAt": later(days=2)})
    mail, draft = sent(answer), f"{path}/drafts/{answer.json()['draftId']}"
    stale = client.post(f"{draft}/withdraw", headers={"If-Match": '"99"'})
    assert refusal(stale) == (409, "VERSION_CONFLICT")
    assert client.post(f"{draft}/withdraw").json()["status"] == "withdrawn"
    assert Delivery.objects.get(message=mail).status == "cancelled"
    assert refusal(client.post(f"{draft}/withdraw"))[0] == 409


def test_what_a_worker_has_taken_is_not_withdrawn(client, path):
    answer = client.post(f"{path}/send", TO | {"plainBody": "x"})
    Delivery.objects.update(status="deferred", attempts=1)
    response = client.post(f"{path}/drafts/{answer.json()['draftId']}/withdraw")
    assert refusal(response) == (409, "TOO_LATE_TO_UNDO")
    assert Draft.objects.get().status == "approved"
