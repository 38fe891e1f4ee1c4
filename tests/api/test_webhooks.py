"""Webhooks over the API: made, changed, tried, read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey
from events.models import AuditEntry
from events.webhooks.models import Webhook, WebhookAttempt, WebhookDelivery
from tests.api.conftest import Client
from tests.conftest import EVERY_PERMISSION
from tests.webhooks.conftest import feed, tell

URL = "https://1.1.1.1/hook"
BODY = {"url": URL, "events": ["message.received"]}


@pytest.fixture
def made(client) -> dict:
    return client.post("/v1/webhooks", BODY).json()


def made_key(kind: str, workspace) -> Client:
    _, shown = keys.issue(
        ApiKey.Kind(kind),
        workspace=workspace,
        inbox_id=None,
        name="agent",
        permissions=EVERY_PERMISSION,
        created_by="test",
    )
    return Client(shown)


def test_a_webhook_shows_its_secret_once(client, inbox):
    response = client.post("/v1/webhooks", BODY | {"inboxId": str(inbox.pk)})
    assert response.status_code == 201
    shown = response.json()
    assert shown["secret"].startswith("whsec_")
    assert shown["inboxId"] == str(inbox.pk)
    assert (shown["isActive"], shown["ordered"]) == (True, False)
    again = client.get(f"/v1/webhooks/{shown['id']}").json()
    assert again == {name: value for name, value in shown.items() if name != "secret"}
    assert "secret" not in client.get("/v1/webhooks").json()["webhooks"][0]
    assert AuditEntry.objects.filter(action="webhook.create").count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "ftp://1.1.1.1/"}, "url"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": 7}, "url"),
        ({"url": "https://1.1.1.1/" + "x" * 2000}, "url"),
        ({"events": ["message.recieved"]}, "events"),
        ({"events": []}, "events"),
        ({"events": "message.received"}, "events"),
        ({"ordered": "perhaps"}, "ordered"),
        ({"inboxId": "x"}, "inboxId"),
        ({"sercet": "x"}, "sercet"),
    ],
)
def test_what_cannot_be_taken_is_named(client, change, field):
    response = client.post("/v1/webhooks", BODY | change)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
    assert field in response.json()["details"]
    assert not Webhook.objects.exists()


def test_nobody_makes_a_webhook_of_a_strange_inbox(client, strange_inbox):
    response = client.post("/v1/webhooks", BODY | {"inboxId": str(strange_inbox.pk)})
    assert response.status_code == 404


def test_a_workspace_s_key_makes_one_of_the_whole_and_an_inbox_s_key_does_not_see_it(
    workspace, client
):
    whole = made_key("wk", workspace).post("/v1/webhooks", BODY).json()
    assert whole["inboxId"] is None
    assert client.get(f"/v1/webhooks/{whole['id']}").status_code == 404
    assert client.get("/v1/webhooks").json()["webhooks"] == []


def test_a_key_of_the_installation_has_to_say_whose(workspace, inbox):
    everywhere = made_key("tk", None)
    assert everywhere.post("/v1/webhooks", BODY).status_code == 400
    told = everywhere.post("/v1/webhooks", BODY | {"workspaceId": str(workspace.pk)})
    assert told.status_code == 201
    nowhere = BODY | {"workspaceId": str(inbox.pk)}
    assert everywhere.post("/v1/webhooks", nowhere).status_code == 404


def test_a_patch_changes_what_it_names(client, made):
    path = f"/v1/webhooks/{made['id']}"
    changed = client.patch(path, {"isActive": False, "events": ["draft.sent"]}).json()
    assert (changed["isActive"], changed["events"], changed["url"]) == (False, ["draft.sent"], URL)
    assert client.patch(path, {"url": "http://10.0.0.1/"}).status_code == 400
    assert client.patch(path, {"inboxId": made["inboxId"]}).status_code == 400


def test_switching_on_again_forgets_why_it_was_off(client, made):
    Webhook.objects.update(is_active=False, disabled_reason="gone", failing_since=timezone.now())
    changed = client.patch(f"/v1/webhooks/{made['id']}", {"isActive": True}).json()
    assert (changed["isActive"], changed["disabledReason"]) == (True, "")
    assert changed["failingSince"] is None


def test_a_rotated_secret_is_new_and_shown_once(client, made):
    shown = client.post(f"/v1/webhooks/{made['id']}/rotate-secret").json()
    assert shown["secret"] not in (made["secret"], "")


def test_a_test_is_queued_and_its_delivery_can_be_read(client, made):
    response = client.post(f"/v1/webhooks/{made['id']}/test")
    assert response.status_code == 202
    path = f"/v1/webhooks/{made['id']}/deliveries/{response.json()['id']}"
    told = client.get(path).json()
    assert (told["event"], told["status"], told["attemptLog"]) == ("webhook.test", "pending", [])
    assert '"event":"webhook.test"' in told["body"]


def test_deliveries_are_told_with_request_answer_and_timing(client, made):
    client.post(f"/v1/webhooks/{made['id']}/test")
    delivery = WebhookDelivery.objects.get()
    WebhookAttempt.objects.create(
        delivery=delivery,
        started_at=timezone.now(),
        milliseconds=12,
        url=URL,
        request_headers={"webhook-id": "evt_1"},
        status_code=500,
        response_headers={"server": "x"},
        response_body="no",
    )
    path = f"/v1/webhooks/{made['id']}/deliveries"
    [told] = client.get(path).json()["deliveries"]
    last = told["lastAttempt"]
    assert last["request"] == {"url": URL, "headers": {"webhook-id": "evt_1"}}
    assert last["response"] == {"status": 500, "headers": {"server": "x"}, "body": "no"}
    assert last["milliseconds"] == 12
    assert len(client.get(path, {"status": "pending"}).json()["deliveries"]) == 1
    assert client.get(path, {"status": "failed"}).json()["deliveries"] == []
    assert client.get(path, {"status": "lost"}).status_code == 400


def test_a_page_of_deliveries_costs_a_fixed_number_of_queries(
    client, made, django_assert_max_num_queries
):
    for _ in range(5):
        client.post(f"/v1/webhooks/{made['id']}/test")
    with django_assert_max_num_queries(8):
        page = client.get(f"/v1/webhooks/{made['id']}/deliveries", {"limit": 3}).json()
    assert len(page["deliveries"]) == 3
    assert page["pagination"]["total"] == 5
    assert page["pagination"]["nextCursor"]


def test_redelivering_begins_all_tries_anew(client, made):
    client.post(f"/v1/webhooks/{made['id']}/test")
    WebhookDelivery.objects.update(status="failed", attempts=12, ended_at=timezone.now())
    delivery = WebhookDelivery.objects.get()
    path = f"/v1/webhooks/{made['id']}/deliveries/{delivery.delivery_id}/redeliver"
    told = client.post(path).json()
    assert (told["status"], told["attempts"], told["endedAt"]) == ("pending", 0, None)


def test_what_is_being_posted_cannot_be_redelivered(client, made):
    client.post(f"/v1/webhooks/{made['id']}/test")
    lease = timezone.now() + timedelta(minutes=1)
    WebhookDelivery.objects.update(status="sending", lease_until=lease)
    delivery = WebhookDelivery.objects.get()
    path = f"/v1/webhooks/{made['id']}/deliveries/{delivery.delivery_id}/redeliver"
    assert client.post(path).status_code == 409


@pytest.mark.parametrize("deed", ["test", "replay"])
def test_nothing_is_queued_for_one_that_is_switched_off(client, made, deed):
    client.patch(f"/v1/webhooks/{made['id']}", {"isActive": False})
    body = {"since": "2026-01-01T00:00:00Z"} if deed == "replay" else {}
    response = client.post(f"/v1/webhooks/{made['id']}/{deed}", body)
    assert (response.status_code, response.json()["code"]) == (409, "WEBHOOK_INACTIVE")


@pytest.mark.parametrize(
    "body", [{}, {"since": "x"}, {"after": "x"}, {"since": "2026-01-01T00:00Z", "after": "x"}]
)
def test_a_replay_needs_a_place_to_begin(client, made, body):
    assert client.post(f"/v1/webhooks/{made['id']}/replay", body).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_replay_queues_what_was_missed_and_what_was_taken(client, inbox):
    tell(inbox, "missed")
    feed()
    made = client.post("/v1/webhooks", BODY).json()
    tell(inbox, "taken")
    feed()
    WebhookDelivery.objects.update(status="delivered", attempts=1)

    answer = client.post(f"/v1/webhooks/{made['id']}/replay", {"since": "2020-01-01T00:00Z"})

    assert answer.json() == {"replayed": 2, "nextCursor": None}
    assert list(WebhookDelivery.objects.values_list("status", "attempts")) == [("pending", 0)] * 2


def test_deleting_ends_it_with_its_deliveries(client, made):
    client.post(f"/v1/webhooks/{made['id']}/test")
    assert client.delete(f"/v1/webhooks/{made['id']}").status_code == 204
    assert not WebhookDelivery.objects.exists()
    assert client.get(f"/v1/webhooks/{made['id']}").status_code == 404


def test_a_workspace_has_at_most_a_hundred(client, made):
    first = Webhook.objects.get()
    for _ in range(99):
        Webhook.objects.create(
            workspace_id=first.workspace_id, url=URL, events=[], sealed_secret=b"x"
        )
    assert client.post("/v1/webhooks", BODY).status_code == 409
