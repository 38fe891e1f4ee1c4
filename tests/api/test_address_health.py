"""Suppressions, contacts and figures over the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey
from events.models import AuditEntry, Event
from inboxes.models import Message
from outbound.models import Delivery, Suppression
from outbound.suppression import Reason, suppress, suppressed
from tests.api.conftest import Client, make_message, make_thread
from tests.conftest import EVERY_PERMISSION

ANN = "ann@customer.example"


def presented(kind: str, workspace) -> str:
    return keys.issue(
        ApiKey.Kind(kind),
        workspace=workspace,
        name="k",
        permissions=EVERY_PERMISSION,
        created_by="test",
    )[1]


@pytest.fixture
def own(workspace) -> Client:
    return Client(presented("wk", workspace))


def delivered(thread, status: str, **fields) -> Delivery:
    """A message of ours to Ann, and what became of it."""
    now = timezone.now()
    sent_at = now if status == "sent" else None
    message = make_message(
        thread, direction="outbound", status=Message.Status.SENT, sent_at=sent_at, received_at=None
    )
    return Delivery.objects.create(
        message=message,
        rcpt_to=ANN,
        rcpt_domain="customer.example",
        status=status,
        by_person=True,
        next_attempt_at=now,
        settled_at=now,
        **fields,
    )


def test_a_suppressed_address_gets_no_mail_and_listeners_hear_of_it(own, workspace):
    body = {"address": "Ann@Customer.example", "reason": "complaint", "report": "Stop this."}
    response = own.post("/v1/suppressions", body)
    told = response.json()
    assert response.status_code == 201
    assert told.items() >= {**body, "address": ANN, "expiresAt": None}.items()
    assert set(suppressed(workspace.pk, [ANN])) == {ANN}
    event = Event.objects.get(type="address.suppressed")
    assert (event.workspace_id, event.payload["address"]) == (workspace.pk, ANN)


def test_suppressing_again_changes_the_entry_and_tells_nobody(own):
    first = own.post("/v1/suppressions", {"address": ANN}).json()
    again = own.post("/v1/suppressions", {"address": ANN, "reason": "bounce"})
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert again.json()["reason"] == "bounce"
    assert Event.objects.filter(type="address.suppressed").count() == 1


def test_an_expired_entry_is_suppressed_anew(own, workspace):
    past = timezone.now() - timedelta(hours=1)
    Suppression.objects.create(workspace=workspace, address=ANN, reason="bounce", expires_at=past)
    assert own.post("/v1/suppressions", {"address": ANN}).status_code == 201
    assert set(suppressed(workspace.pk, [ANN])) == {ANN}


def test_a_released_address_gets_mail_again(own, workspace):
    own.post("/v1/suppressions", {"address": ANN})
    assert own.delete("/v1/suppressions/ANN@customer.example").status_code == 204
    assert suppressed(workspace.pk, [ANN]) == {}
    assert own.delete(f"/v1/suppressions/{ANN}").status_code == 404
    assert AuditEntry.objects.filter(action="suppression.release").exists()


def test_suppressions_are_filtered(own, workspace):
    suppress(workspace, ANN, Reason("bounce"), by="test")
    suppress(workspace, "bob@customer.example", Reason("complaint"), by="test")
    for query in ("reason=bounce", f"address={ANN}"):
        listed = own.get(f"/v1/suppressions?{query}").json()["suppressions"]
        assert [one["address"] for one in listed] == [ANN]
    newest_first = own.get("/v1/suppressions").json()["suppressions"]
    assert [one["reason"] for one in newest_first] == ["complaint", "bounce"]


def test_the_key_of_an_inbox_sees_and_changes_no_list(client, inbox):
    suppress(inbox.workspace, ANN, Reason(), by="test")
    assert client.get("/v1/suppressions").json()["suppressions"] == []
    assert client.post("/v1/suppressions", {"address": "x@y.example"}).status_code == 403
    assert client.delete(f"/v1/suppressions/{ANN}").status_code == 404


def test_a_key_of_the_installation_names_the_workspace(workspace, strange_inbox):
    client = Client(presented("tk", None))
    suppress(workspace, ANN, Reason(), by="test")
    refused = client.delete(f"/v1/suppressions/{ANN}")
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["workspace"])
    path = f"/v1/suppressions/{ANN}?workspace={workspace.pk}"
    assert client.delete(path).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {"address": "nobody"},
        {"address": "a b@c@d"},
        {"address": ANN, "reason": "mood"},
        {"address": ANN, "expiresAt": "2020-01-01T00:00:00Z"},
        {"address": ANN, "until": "x"},
    ],
)
def test_odd_suppressions_are_refused_by_name(own, body):
    response = own.post("/v1/suppressions", body)
    assert response.status_code == 400
    assert list(response.json()["details"]) == list(body)[-1:]


def test_what_is_known_of_a_contact(client, thread, workspace):
    received = make_message(thread)
    delivered(thread, "sent")
    bounce = delivered(thread, "failed", last_code=550, last_reply="5.1.1 No such mailbox")
    suppress(workspace, ANN, Reason("complaint", "Stop this."), by="test")
    told = client.get("/v1/contacts/Ann@customer.example").json()
    assert (
        told["lastBounce"].items()
        >= {
            "code": 550,
            "reply": "5.1.1 No such mailbox",
            "messageId": str(bounce.message_id),
        }.items()
    )
    assert (told["address"], told["received"], told["sent"]) == (ANN, 1, 1)
    assert (
        told["lastReceivedAt"]
        == client.get(f"/v1/inboxes/{thread.inbox_id}/messages/{received.pk}").json()["receivedAt"]
    )
    assert (told["isSuppressed"], told["complaint"]["report"]) == (True, "Stop this.")
    assert [one["threadId"] for one in told["threads"]] == [str(thread.pk)]
    assert (told["outOfOffice"], told["opens"]) == (None, None)


def test_of_a_stranger_s_mail_a_contact_tells_nothing(thread, strange_key, workspace):
    make_message(thread)
    delivered(thread, "failed")
    suppress(workspace, ANN, Reason(), by="test")
    told = Client(strange_key).get(f"/v1/contacts/{ANN}").json()
    assert (told["received"], told["lastBounce"], told["suppressions"]) == (0, None, [])
    assert told["threads"] == []


def test_what_is_no_address_is_no_contact(client):
    response = client.get("/v1/contacts/nobody")
    assert (response.status_code, list(response.json()["details"])) == (400, ["address"])


@pytest.mark.parametrize("rows", [1, 20])
def test_a_contact_takes_as_many_queries_for_any_amount_of_mail(
    client, inbox, rows, django_assert_num_queries
):
    for _ in range(rows):
        thread = make_thread(inbox)
        make_message(thread)
        delivered(thread, "failed")
    client.get("/v1/me")
    with django_assert_num_queries(8):
        client.get(f"/v1/contacts/{ANN}")


def test_mail_in_figures(client, thread):
    make_message(thread)
    make_message(thread, received_at=timezone.now() - timedelta(days=31))
    delivered(thread, "sent")
    delivered(thread, "failed")
    delivered(thread, "suppressed")
    told = client.get("/v1/metrics").json()
    assert (told["received"], told["sent"]) == (1, 1)
    assert (told["bounced"], told["suppressed"], told["opened"]) == (1, 1, 0)
    before = (timezone.now() - timedelta(days=20)).date()
    assert client.get(f"/v1/metrics?to={before}").json()["received"] == 1
    assert client.get(f"/v1/metrics?to={before}").json()["sent"] == 0


def test_figures_are_of_what_the_key_reaches(own, thread, strange_inbox, strange_key):
    make_message(thread)
    make_message(make_thread(strange_inbox))
    assert own.get("/v1/metrics").json()["received"] == 1
    assert own.get(f"/v1/metrics?inbox={thread.inbox.email}").json()["received"] == 1
    assert own.get(f"/v1/metrics?workspace={strange_inbox.workspace_id}").json()["received"] == 0
    assert own.get(f"/v1/metrics?inbox={strange_inbox.pk}").status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-01-02&to=2026-01-01", "from"),
        ("from=2020-01-01&to=2026-01-01", "from"),
        ("to=soon", "to"),
        ("workspace=x", "workspace"),
        ("inboxes=x", "inboxes"),
    ],
)
def test_odd_spans_are_refused_by_name(client, query, field):
    response = client.get(f"/v1/metrics?{query}")
    assert (response.status_code, list(response.json()["details"])) == (400, [field])
