"""Drafts over the API, as API.md has it."""

import base64
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drafts import review
from drafts.models import Draft
from inboxes import mime
from inboxes.models import Inbox, MessageRaw
from outbound.models import Delivery, Suppression
from tests.api.conftest import Client
from tests.conftest import make_key
from tests.drafts.mail import CUSTOMER, receive

DRAFT_FIELDS = """
    id inboxId threadId to cc bcc subject plainBody htmlBody replyToMessageId metadata category
    confidence agent status version revision stale createdBy decidedBy decidedAt feedback holdUntil
    sendAt expiresIn messageId attachments createdAt updatedAt
"""


@pytest.fixture
def client(key: str) -> Client:
    return Client(key)


@pytest.fixture
def at(inbox) -> str:
    return f"/v1/inboxes/{inbox.pk}"


@pytest.fixture
def made(client, at, received) -> dict[str, Any]:
    """A draft that the agent made over the API."""
    body = {"replyToMessageId": str(received.pk), "plainBody": "It is on its way."}
    response = client.post(f"{at}/drafts", body)
    assert response.status_code == 201, response.json()
    return dict(response.json())


@pytest.fixture
def review_off(inbox) -> None:
    Inbox.objects.filter(pk=inbox.pk).update(review_mode="off")


def test_a_draft_has_every_field_of_the_contract(made, inbox, received):
    assert [name for name in DRAFT_FIELDS.split() if name not in made] == []
    assert made["to"] == [CUSTOMER]
    assert made["subject"] == "Re: Where is my parcel?"
    assert (made["status"], made["version"], made["revision"]) == ("pending", 1, 1)
    assert made["threadId"] == str(received.thread_id)
    assert made["agent"] == {"name": "agent"}
    assert "It is on its way." in made["htmlBody"]


def test_inbox_may_be_named_by_its_address(client, made, inbox):
    response = client.get(f"/v1/inboxes/{inbox.email}/drafts/{made['id']}")
    assert response.json()["id"] == made["id"]


def test_answers_carry_the_version_as_etag(client, at, made):
    assert client.get(f"{at}/drafts/{made['id']}")["ETag"] == '"1"'


@pytest.mark.parametrize("to", ["a@x.example", ["a@x.example"], "A <a@x.example>"])
def test_to_is_a_string_or_a_list(client, at, to):
    made = client.post(f"{at}/drafts", {"to": to, "plainBody": "Hi"}).json()
    assert made["to"] == ["a@x.example"]


def test_several_addresses_may_stand_in_one_string(client, at):
    to = '"Doe, Jane" <jane@x.example>, b@x.example'
    made = client.post(f"{at}/drafts", {"to": to, "plainBody": "Hi"}).json()
    assert made["to"] == ["jane@x.example", "b@x.example"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "a\r\nBcc: eve@x.example"),
        ("subject", "a\n"),
        ("subject", "a\0b"),
        ("to", "a@x.example\r\nBcc: eve@x.example"),
        ("to", ["a@x.example\n"]),
        ("cc", "Ann\r\n <a@x.example>"),
        ("bcc", "no address"),
        ("replyTo", "a@x.example\0"),
        ("headers", {"X-Ticket-Id": "1\r\nBcc: eve@x.example"}),
        ("headers", {"Bcc": "eve@x.example"}),
        ("headers", {"X-Ticket-Id\r\nBcc": "1"}),
        ("headers", {"Keywords": "a", "keywords": "b"}),
        ("plainBody", "a\0b"),
        ("metadata", {"a": "\0"}),
        ("metadata", "text"),
        ("confidence", 1.5),
        ("confidence", "high"),
        ("unknown", 1),
        ("to", {"address": "a@x.example"}),
        ("to", [1]),
        ("attachments", [{"filename": "a\r\nb", "content": ""}]),
        ("attachments", [{"filename": "a", "content": "not base64!"}]),
        ("sendAt", "tomorrow"),
        ("replyToMessageId", "1"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(client, at, field, value):
    body = {"to": "a@x.example", "plainBody": "Hi"} | {field: value}
    for path in ("drafts", "send"):
        response = client.post(f"{at}/{path}", body)
        assert response.status_code == 400
        assert response.json()["code"] == "VALIDATION_ERROR"
        assert field in response.json()["details"]
    assert not Draft.objects.exists()


def test_confidence_is_read_from_metadata_too(client, at):
    body = {"to": "a@x.example", "plainBody": "Hi", "metadata": {"confidence": 0.7, "Zed": [1]}}
    made = client.post(f"{at}/drafts", body).json()
    assert made["confidence"] == 0.7
    assert made["metadata"] == {"confidence": 0.7, "Zed": [1]}


def test_a_patch_is_a_new_revision(client, at, made):
    response = client.patch(f"{at}/drafts/{made['id']}", {"plainBody": "Better."})
    changed = response.json()
    assert (changed["revision"], changed["version"]) == (2, 2)
    assert "Better." in changed["htmlBody"]


def test_a_stale_if_match_is_refused_with_the_present_draft(client, at, made):
    path = f"{at}/drafts/{made['id']}"
    client.patch(path, {"subject": "One"}, headers={"If-Match": '"1"'})
    response = client.patch(path, {"subject": "Two"}, headers={"If-Match": '"1"'})
    assert (response.status_code, response.json()["code"]) == (409, "VERSION_CONFLICT")
    assert response.json()["details"]["draft"]["subject"] == "One"
    assert response.json()["details"]["draft"]["version"] == 2


@pytest.mark.parametrize("act", ["submit", "withdraw", "send"])
def test_a_stale_if_match_is_refused_by_every_act(client, at, made, act):
    path = f"{at}/drafts/{made['id']}"
    if act == "submit":
        Draft.objects.update(status="composing")
    response = client.post(f"{path}/{act}", {}, headers={"If-Match": '"7"'})
    assert (response.status_code, response.json()["code"]) == (409, "VERSION_CONFLICT")


def test_an_if_match_that_is_no_version_is_refused(client, at, made):
    path = f"{at}/drafts/{made['id']}"
    assert client.patch(path, {"subject": "A"}, headers={"If-Match": "abc"}).status_code == 400


def test_null_empties_in_a_patch(client, at, made):
    changed = client.patch(f"{at}/drafts/{made['id']}", {"to": None, "subject": None}).json()
    assert (changed["to"], changed["subject"]) == ([], "")


def test_deleting_withdraws_and_keeps_the_record(client, at, made):
    assert client.delete(f"{at}/drafts/{made['id']}").status_code == 204
    assert client.get(f"{at}/drafts/{made['id']}").json()["status"] == "withdrawn"


def test_lists_show_what_is_open_unless_asked(client, at, made):
    client.delete(f"{at}/drafts/{made['id']}")
    assert client.get(f"{at}/drafts").json()["drafts"] == []
    assert len(client.get(f"{at}/drafts?status=withdrawn").json()["drafts"]) == 1
    assert len(client.get("/v1/drafts?status=all").json()["drafts"]) == 1
    assert client.get(f"{at}/drafts?status=gone").status_code == 400


def test_lists_filter_by_thread_and_category(client, at, made, received):
    client.patch(f"{at}/drafts/{made['id']}", {"category": "billing"})
    assert len(client.get(f"{at}/drafts?threadId={received.thread_id}").json()["drafts"]) == 1
    assert len(client.get(f"{at}/drafts?category=billing").json()["drafts"]) == 1
    assert client.get(f"{at}/drafts?category=bug").json()["drafts"] == []


def test_lists_walk_by_cursor(client, at):
    for number in range(5):
        client.post(f"{at}/drafts", {"to": "a@x.example", "subject": f"{number}"})
    seen, path = [], f"{at}/drafts?limit=2"
    while path:
        page = client.get(path).json()
        seen += [draft["subject"] for draft in page["drafts"]]
        cursor = page["pagination"]["nextCursor"]
        path = f"{at}/drafts?limit=2&cursor={cursor}" if cursor else ""
    assert seen == ["4", "3", "2", "1", "0"]


def test_a_list_asks_as_often_for_many_drafts_as_for_one(client, at, made):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(f"{at}/drafts").status_code == 200
        return len(asked)

    few = queries()
    for number in range(20):
        file = {"filename": "a.txt", "content": "aGVsbG8="}
        body = {"to": "a@x.example", "subject": f"{number}", "attachments": [file]}
        assert client.post(f"{at}/drafts", body).status_code == 201
    assert queries() <= few + 1  # the files of all drafts, in one query


def test_files_are_sent_as_they_came(client, at, made, approve):
    path = f"{at}/drafts/{made['id']}/attachments"
    content = base64.b64encode(b"%PDF-\x00\xff").decode()
    body = {"filename": "Rechnung für Sie.pdf", "contentType": "application/pdf"}
    response = client.post(path, body | {"content": content})
    assert response.status_code == 201
    (shown,) = response.json()["attachments"]
    assert (shown["sizeBytes"], shown["contentType"]) == (7, "application/pdf")

    upload = SimpleUploadedFile("b.txt", b"hello", "text/plain")
    response = client.post(path, {"file": upload}, format="multipart")
    assert [each["filename"] for each in response.json()["attachments"]] == [
        "Rechnung für Sie.pdf",
        "b.txt",
    ]
    approved = approve(Draft.objects.get())
    raw = bytes(MessageRaw.objects.get(message=approved.message_id).octets)
    parsed = mime.parse(raw)
    assert [each.filename for each in parsed.attachments] == ["Rechnung für Sie.pdf", "b.txt"]
    assert mime.part_octets(raw, parsed.attachments[0].part_path) == b"%PDF-\x00\xff"


def test_a_file_can_be_left_out_again_and_old_revisions_keep_it(client, at, made):
    path = f"{at}/drafts/{made['id']}"
    file = {"filename": "a.txt", "content": "aGVsbG8="}
    attached = client.post(f"{path}/attachments", file).json()["attachments"][0]["id"]
    assert client.delete(f"{path}/attachments/{attached}").status_code == 204
    assert client.get(path).json()["attachments"] == []
    assert client.delete(f"{path}/attachments/{attached}").status_code == 404
    revisions = client.get(f"{path}/revisions").json()["revisions"]
    assert [each["attachmentIds"] for each in revisions] == [[], [attached], []]


def test_parameters_of_a_content_type_are_left_out(client, at, made):
    file = {"filename": "a", "contentType": "text/csv; charset=utf-8", "content": "YQ=="}
    answer = client.post(f"{at}/drafts/{made['id']}/attachments", file).json()
    assert answer["attachments"][0]["contentType"] == "text/csv"


def test_a_number_beyond_what_is_kept_is_refused(client, at):
    body = b'{"to": "a@x.example", "metadata": {"a": [1e400]}}'
    response = client.generic("POST", f"{at}/drafts", body, content_type="application/json")
    assert response.status_code == 400
    assert "metadata" in response.json()["details"]


def test_files_are_at_most_25_mb_in_all(client, at, made, monkeypatch):
    monkeypatch.setattr("drafts.files.FILES_LIMIT", 10)
    path = f"{at}/drafts/{made['id']}/attachments"
    file = {"filename": "a.txt", "content": base64.b64encode(b"123456").decode()}
    assert client.post(path, file).status_code == 201
    response = client.post(path, file)
    assert (response.status_code, response.json()["code"]) == (413, "TOO_LARGE")


def test_history_tells_who_wrote_and_decided_what_with_the_difference(
    client, at, made, reviewer, approve
):
    draft = Draft.objects.get()
    review.revise(draft, by=reviewer, changes={"plain_body": "It is late."}, version=1)
    approve(draft)
    path = f"{at}/drafts/{made['id']}"
    first, second = client.get(f"{path}/revisions").json()["revisions"]
    assert first["author"].startswith("key:")
    assert second["author"] == reviewer.actor
    assert "-It is on its way.\n+It is late." in second["diff"]
    (decision,) = client.get(f"{path}/decisions").json()["decisions"]
    assert (decision["kind"], decision["decidedBy"]) == ("approve", reviewer.actor)
    assert decision["revision"] == 2
    assert "+It is late." in decision["diff"]


def test_send_under_review_answers_202(client, at, made):
    response = client.post(f"{at}/drafts/{made['id']}/send")
    assert response.status_code == 202
    answer = response.json()
    assert set(answer) == {"id", "threadId", "status", "messageId", "draftId"}
    assert (answer["status"], answer["draftId"]) == ("pending_review", made["id"])
    assert answer["messageId"] is None


def test_send_with_review_off_answers_200_with_the_message(client, at, made, review_off):
    response = client.post(f"{at}/drafts/{made['id']}/send")
    assert response.status_code == 200
    answer = response.json()
    assert (answer["status"], answer["id"]) == ("queued", answer["messageId"])
    again = client.post(f"{at}/drafts/{made['id']}/send")
    assert (again.status_code, again.json()["code"]) == (409, "DRAFT_ALREADY_SENT")
    assert again.json()["details"]["messageId"] == answer["messageId"]


def test_a_new_mail_can_be_sent_at_once(client, at, review_off):
    body = {"to": "new@x.example", "subject": "News", "htmlBody": "<p>Hello</p>"}
    answer = client.post(f"{at}/send", body).json()
    assert answer["status"] == "queued"
    message = client.get(f"{at}/messages/{answer['messageId']}").json()
    assert (message["to"], message["subject"]) == ("new@x.example", "News")
    assert message["plainBody"].strip() == "Hello"
    assert message["threadId"] == answer["threadId"]


@pytest.mark.parametrize("path", ["reply/{}", "messages/{}/reply"])
def test_a_reply_is_a_draft_on_the_thread(client, at, received, review_off, path):
    response = client.post(f"{at}/{path.format(received.pk)}", {"plainBody": "Hi"})
    assert response.status_code == 200
    assert response.json()["threadId"] == str(received.thread_id)
    draft = Draft.objects.get(pk=response.json()["draftId"])
    assert draft.decisions.get().decided_by == "policy:inbox-off/1"
    assert Delivery.objects.get().rcpt_to == CUSTOMER


@pytest.mark.parametrize("path", ["reply-all/{}", "messages/{}/reply-all"])
def test_a_reply_to_all_goes_to_everyone_but_us(client, at, inbox, review_off, path):
    received = receive(inbox, headers="Cc: bea@customer.example, support@acme.example\r\n")
    client.post(f"{at}/{path.format(received.pk)}", {"plainBody": "Hi"})
    assert set(Delivery.objects.values_list("rcpt_to", flat=True)) == {
        CUSTOMER,
        "bea@customer.example",
    }


def test_suppressed_recipients_are_403_and_nothing_is_made(client, at, workspace, review_off):
    Suppression.objects.create(workspace=workspace, address="bad@x.example", reason="hard")
    response = client.post(f"{at}/send", {"to": "bad@x.example", "plainBody": "Hi"})
    assert (response.status_code, response.json()["code"]) == (403, "SUPPRESSED")
    assert not Draft.objects.exists()


def test_a_paused_inbox_is_403(client, at, inbox, made):
    Inbox.objects.update(status="paused")
    response = client.post(f"{at}/drafts/{made['id']}/send")
    assert (response.status_code, response.json()["code"]) == (403, "INBOX_PAUSED")


def test_send_asks_for_the_permission(inbox, at, made):
    proposer = Client(make_key(inbox, ["read", "draft"]))
    assert proposer.post(f"{at}/send", {"to": "a@x.example"}).status_code == 403
    assert proposer.post(f"{at}/drafts/{made['id']}/send").status_code == 403


def test_a_key_that_may_only_send_can_send(inbox, at, review_off):
    sender = Client(make_key(inbox, ["send"]))
    assert sender.post(f"{at}/send", {"to": "a@x.example", "plainBody": "Hi"}).status_code == 200


def test_there_is_no_way_to_approve_over_the_api(client, at, made):
    path = f"{at}/drafts/{made['id']}"
    for act in ("approve", "reject", "undo", "request-changes"):
        assert client.post(f"{path}/{act}", {}).status_code == 404
    assert client.patch(path, {"status": "approved"}).status_code == 400


def test_a_body_that_is_no_object_is_refused(client, at, made):
    for path in ("drafts", "send", f"drafts/{made['id']}/submit", f"drafts/{made['id']}/send"):
        assert client.post(f"{at}/{path}", [1]).status_code == 400


def test_metadata_has_a_limit_also_when_it_grows_by_patches(client, at, made):
    path = f"{at}/drafts/{made['id']}"
    assert client.post(f"{at}/drafts", {"metadata": {"a": "x" * 65_536}}).status_code == 400
    assert client.patch(path, {"metadata": {"a": "x" * 40_000}}).status_code == 200

    refused = client.patch(path, {"metadata": {"b": "x" * 40_000}})

    assert (refused.status_code, list(refused.json()["details"])) == (400, ["metadata"])
    assert list(client.get(path).json()["metadata"]) == ["a"]
