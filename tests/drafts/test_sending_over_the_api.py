"""What API.md promises of drafts and of mail that leaves, on the wire: codes, secrets, limits."""

import base64
from typing import Any

import pytest

from drafts import leases
from drafts.models import Draft
from events.log import oldest, read
from inboxes.models import Inbox
from tests.api.conftest import Client
from tests.api.test_tenants import refusal
from tests.conftest import make_key
from tests.drafts.mail import receive

MEGABYTE = 1024 * 1024


@pytest.fixture
def client(key: str) -> Client:
    return Client(key)


@pytest.fixture
def at(inbox: Inbox) -> str:
    """The path of an inbox whose agents may send."""
    Inbox.objects.filter(pk=inbox.pk).update(review_mode="off")
    return f"/v1/inboxes/{inbox.pk}"


@pytest.fixture
def made(client, at, received) -> dict[str, Any]:
    body = {"replyToMessageId": str(received.pk), "plainBody": "It is on its way."}
    return dict(client.post(f"{at}/drafts", body).json())


def test_a_newer_message_stops_a_send_until_the_agent_has_looked(client, at, inbox, made, received):
    receive(inbox, answers=received, body="Never mind.", number=2)
    stopped = client.post(f"{at}/drafts/{made['id']}/send")
    assert refusal(stopped) == (409, "THREAD_CHANGED")
    assert stopped.json()["details"]["draft"]["stale"] is True
    assert client.post(f"{at}/drafts/{made['id']}/send", {"force": True}).status_code == 200


def test_a_send_is_refused_while_a_person_holds_the_draft(client, at, made, reviewer):
    leases.take_lease(Draft.objects.get(pk=made["id"]), by=reviewer)
    assert refusal(client.post(f"{at}/drafts/{made['id']}/send")) == (409, "IN_REVIEW")
    assert refusal(client.post(f"{at}/drafts/{made['id']}/withdraw"))[0] == 409


def test_a_closed_draft_is_not_open(client, at, made):
    client.post(f"{at}/drafts/{made['id']}/withdraw")
    assert refusal(client.post(f"{at}/drafts/{made['id']}/send")) == (409, "NOT_OPEN")


def test_a_sent_draft_names_its_message(client, at, made):
    sent = client.post(f"{at}/drafts/{made['id']}/send").json()
    assert set(sent) == {"id", "threadId", "status", "messageId", "draftId"}
    again = client.post(f"{at}/drafts/{made['id']}/send")
    assert refusal(again) == (409, "DRAFT_ALREADY_SENT")
    assert again.json()["details"]["messageId"] == sent["messageId"]


def test_a_first_message_to_a_stranger_needs_to_be_verified(client, at, received):
    assert client.patch(at, {"firstContactGuard": True}).status_code == 200
    mail = {"to": "stranger@customer.example", "subject": "Hello", "plainBody": "Hello"}
    refused = client.post(f"{at}/send", mail)
    assert refusal(refused) == (403, "FIRST_CONTACT")
    assert refused.json()["details"]["addresses"] == ["stranger@customer.example"]
    assert not Draft.objects.exists()
    assert client.post(f"{at}/send", mail | {"verified": True}).status_code == 200
    assert client.post(f"{at}/reply/{received.pk}", {"plainBody": "Hello"}).status_code == 200


def test_what_the_model_was_given_is_kept_and_shown_to_nobody(client, at, inbox):
    prompt = [{"role": "user", "content": "a secret of the prompt"}]
    mail = {"to": "ann@customer.example", "plainBody": "Hello", "prompt": prompt}
    made = client.post(f"{at}/drafts", mail)
    path = f"{at}/drafts/{made.json()['id']}"
    answers = [made, client.get(path), client.get(f"{path}/revisions"), client.get("/v1/events")]
    answers += [client.get(f"{path}/decisions"), client.get(f"{at}/drafts")]
    assert not [each for each in answers if b"a secret of the prompt" in each.content]
    assert Draft.objects.get().prompt == prompt
    assert "a secret of the prompt" not in str([e.payload for e in read(oldest(), limit=9).events])


def test_an_agent_has_the_name_of_its_key_unless_it_says_another(client, at):
    mail = {"to": "ann@customer.example", "plainBody": "Hello"}
    assert client.post(f"{at}/drafts", mail).json()["agent"] == {"name": "agent"}
    told = {"name": "triage", "version": "3", "model": "m"}
    assert client.post(f"{at}/drafts", mail | {"agent": told}).json()["agent"] == told


def test_a_file_of_25_mb_fits_and_one_octet_more_does_not(client, at):
    content = base64.b64encode(b"x" * (25 * MEGABYTE)).decode()
    mail = {"to": "ann@customer.example", "plainBody": "Hello", "submit": False}
    fits = mail | {"attachments": [{"filename": "big.bin", "content": content}]}
    made = client.post(f"{at}/drafts", fits)
    assert [f["sizeBytes"] for f in made.json()["attachments"]] == [25 * MEGABYTE]
    one_more = {"filename": "a.bin", "content": "eA=="}
    path = f"{at}/drafts/{made.json()['id']}/attachments"
    assert refusal(client.post(path, one_more)) == (413, "TOO_LARGE")
    assert len(client.get(f"/v1/drafts/{made.json()['id']}").json()["attachments"]) == 1


def test_a_delivery_that_waits_tells_when_it_is_tried(client, at):
    mail = {"to": ["ann@customer.example", "bob@customer.example"], "plainBody": "Hello"}
    sent = client.post(f"{at}/send", mail | {"sendAt": "2099-01-01T00:00:00Z"}).json()
    told = client.get(f"{at}/messages/{sent['messageId']}").json()["deliveries"]
    assert [set(each) for each in told] == [
        {"address", "status", "attempts", "lastReply", "nextAttemptAt"}
    ] * 2
    assert {each["nextAttemptAt"] for each in told} == {"2099-01-01T00:00:00.000000Z"}
    assert client.post(f"{at}/drafts/{sent['draftId']}/withdraw").json()["status"] == "withdrawn"
    assert refusal(client.get(f"{at}/messages/{sent['messageId']}")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("route", ["send", "reply/{}", "reply-all/{}", "forward/{}"])
def test_no_key_that_only_proposes_can_send(inbox, at, received, route):
    proposing = Client(make_key(inbox, ["read", "draft", "manage"]))
    mail = {"to": "ann@customer.example", "plainBody": "Hello"}
    response = proposing.post(f"{at}/{route.format(received.pk)}", mail)
    assert refusal(response) == (403, "PERMISSION_DENIED")


def test_mail_is_found_by_the_domain_of_its_sender(client, at, received):
    mail = {"to": "ann@customer.example", "subject": "Hello", "plainBody": "Hello"}
    sent = client.post(f"{at}/send", mail).json()["messageId"]

    def found(q: str) -> list[str]:
        answer = client.get(f"{at}/messages", {"q": q}).json()
        return [each["id"] for each in answer["messages"]]

    assert found("from:@customer.example") == [str(received.pk)]
    assert found("from:@Acme.Example") == [sent]
    assert found("from:@example") == found("from:@er.example") == []
