"""`clientId`: a caller's own name for what a call makes, on everything that makes something."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import ApiKey, IdempotentCall
from drafts.models import Draft
from inboxes.models import Inbox, Message
from tests.api.conftest import Client
from tests.api.routes import ROUTES, Route
from tests.api.test_tenants import made_key, name_of, refusal, things

# They make no new thing: a key takes another's place, and a thread is parted.
NOT_CREATES = ("/rotate", "/split", "/merge")
MAIL = {"send", "reply", "reply-all", "forward"}


def makes_something(route: Route) -> bool:
    if route.method != "POST" or route.path.endswith(NOT_CREATES):
        return False
    is_mail = bool(MAIL & set(route.path.split("/"))) and "{draft}" not in route.path
    return route.status == 201 or is_mail


CREATES = [route for route in ROUTES if makes_something(route)]
WITH_SECRETS = [
    route
    for route in CREATES
    if route.path.endswith("/keys") or route.path in ("inboxes", "webhooks")
]


@pytest.fixture
def named(inbox: Inbox) -> dict[str, Any]:
    return things(inbox)


def asked(key: str, route: Route, named: dict[str, Any], **more: Any) -> Any:
    body = {**(route.body or {}), "clientId": "order-7", **more}
    return Client(key).post(f"/v1/{route.path.format(**named)}", body)


@pytest.mark.parametrize("route", CREATES, ids=name_of)
def test_what_is_made_under_a_client_s_name_is_made_once(inbox, named, route):
    _, key = made_key(route.by, inbox)
    first, again = (asked(key, route, named) for _ in range(2))
    assert (first.status_code, again.status_code) == (route.status, route.status)
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first
    assert IdempotentCall.objects.get().expires_at is None


@pytest.mark.parametrize("name", ["", "two words", "x" * 257, "line\n", {"a": 1}])
def test_a_client_s_name_has_visible_characters(inbox, named, name):
    presented = {kind: made_key(kind, inbox)[1] for kind in ("tk", "wk", "ak")}
    for route in CREATES:
        refused = asked(presented[route.by], route, named, clientId=name)
        assert refusal(refused) == (400, "VALIDATION_ERROR"), name_of(route)
        assert list(refused.json()["details"]) == ["clientId"], name_of(route)


@pytest.mark.parametrize("route", WITH_SECRETS, ids=name_of)
def test_a_secret_is_repeated_to_nobody_but_the_key_that_made_it(inbox, named, route):
    _, key = made_key(route.by, inbox)
    _, other = made_key(route.by, inbox, ["read", "manage"])
    assert asked(key, route, named).status_code == 201
    assert refusal(asked(other, route, named)) == (409, "IDEMPOTENCY_MISMATCH")


def test_a_scheduled_mail_is_answered_the_same_when_its_time_has_come(client, inbox):
    at = timezone.now() + timedelta(days=2)
    mail = {"to": "ann@customer.example", "plainBody": "x", "sendAt": at.isoformat()}
    first = client.post(f"/v1/inboxes/{inbox.pk}/drafts", mail | {"clientId": "1"})
    call = IdempotentCall.objects.get()
    past = mail | {"clientId": "1", "sendAt": (timezone.now() - timedelta(days=2)).isoformat()}
    request = client.post(f"/v1/inboxes/{inbox.pk}/drafts", past)
    assert refusal(request) == (409, "IDEMPOTENCY_MISMATCH")  # and not: this is past
    assert first.status_code == 201 and IdempotentCall.objects.get() == call


def test_files_of_a_form_are_added_once(client, inbox, named):
    path = f"/v1/inboxes/{inbox.pk}/drafts/{named['draft']}/attachments"
    for _ in range(2):
        file = SimpleUploadedFile("b.txt", b"more", "text/plain")
        form = {"file": file, "clientId": "1"}
        assert client.post(path, form, format="multipart").status_code == 201
    told = client.get(f"/v1/drafts/{named['draft']}").json()
    assert [each["filename"] for each in told["attachments"]] == ["a.txt", "b.txt"]


def test_an_unknown_field_beside_files_is_refused(client, inbox, named):
    path = f"/v1/inboxes/{inbox.pk}/drafts/{named['draft']}/attachments"
    form = {"file": SimpleUploadedFile("b.txt", b"more"), "filname": "typing error"}
    response = client.post(path, form, format="multipart")
    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["details"]) == ["filname"]


def test_what_changes_a_thing_takes_no_client_s_name(client, inbox, named):
    for path in (f"lists/{named['list']}", f"drafts/{named['draft']}"):
        response = client.patch(f"/v1/inboxes/{inbox.pk}/{path}", {"clientId": "1"})
        assert "clientId" in response.json()["details"]


def test_one_name_serves_one_of_each_kind(client, inbox):
    named = {"clientId": "order-7"}
    path = f"/v1/inboxes/{inbox.pk}"
    assert client.post(f"{path}/lists", named | {"name": "New"}).status_code == 201
    assert client.post(f"{path}/keys", named | {"name": "New"}).status_code == 201
    mail = {"to": "ann@customer.example", "plainBody": "Hello"}
    assert client.post(f"{path}/drafts", named | mail).status_code == 201
    assert (Draft.objects.count(), Message.objects.count()) == (1, 0)
    assert ApiKey.objects.filter(name="New").count() == 1
