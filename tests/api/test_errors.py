import pytest
from django.db import OperationalError
from django.test import override_settings

from accounts import authentication
from inboxes import reach
from tests.api.conftest import Client
from tests.api.test_tenants import BY_PERMISSION, made_key, name_of, things

LISTS = [one for one in BY_PERMISSION if one.method == "GET" and one.path.endswith("s")]


def test_an_unknown_path_answers_json(db):
    response = Client().get("/v1/nowhere")
    assert response.status_code == 404
    assert response.json()["code"] == "NOT_FOUND"
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/inboxes/", "/v1/inboxes/x/messages/no-uuid"])
def test_odd_paths_answer_json(client, path):
    assert client.get(path).json()["code"] == "NOT_FOUND"


def test_a_refused_key_is_told_how_to_come_in(db):
    response = Client("ak_nonsense").get("/v1/me")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="mailagent"'
    assert response.json()["error"] == "This API key is unknown, revoked or expired."


@pytest.mark.parametrize("key", ["é" * 40, "x" * 100_000, "\udcff", "ak_", "Bearer"])
def test_no_key_breaks_us(db, key):
    assert Client(key).get("/v1/me").status_code == 401


def test_a_method_that_is_not_there_is_405(client):
    response = client.put("/v1/inboxes")
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in response["Allow"]


def test_a_body_that_is_no_json_is_400(client, inbox):
    response = client.patch(f"/v1/inboxes/{inbox.pk}", data=b"{", content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
    assert "body" in response.json()["details"]


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null", b"[" * 100_000])
def test_a_body_that_is_no_object_is_400(client, inbox, body):
    response = client.patch(f"/v1/inboxes/{inbox.pk}", data=body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


def test_an_unknown_field_is_named(client, inbox):
    response = client.patch(f"/v1/inboxes/{inbox.pk}", {"email": "else@acme.example"})
    assert response.status_code == 400
    assert response.json()["details"] == {"email": ["There is no such field."]}
    assert response.json()["error"] == "email: There is no such field."


def test_another_content_type_is_415(client, inbox):
    response = client.patch(f"/v1/inboxes/{inbox.pk}", data="a=b", content_type="text/plain")
    assert (response.status_code, response.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000)
def test_a_body_over_the_limit_is_413(client, inbox):
    response = client.patch(f"/v1/inboxes/{inbox.pk}", {"signature": "x" * 1000})
    assert (response.status_code, response.json()["code"]) == (413, "TOO_LARGE")


def test_a_database_that_is_away_is_503(monkeypatch, client, inbox):
    def away(presented):
        raise OperationalError("connection refused: host=secret.internal")

    monkeypatch.setattr(authentication, "find", away)
    response = client.get(f"/v1/inboxes/{inbox.pk}")
    assert (response.status_code, response.json()["code"]) == (503, "UNAVAILABLE")
    assert int(response["Retry-After"]) > 0
    assert b"secret" not in response.content


def test_what_nobody_foresaw_is_500_in_json_without_a_trace(monkeypatch, client, inbox):
    def broken(*args):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(reach.Inbox.objects, "alive", broken)
    response = client.get(f"/v1/inboxes/{inbox.pk}")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert b"secret" not in response.content
    assert b"Traceback" not in response.content


def test_an_answer_in_html_is_not_to_be_had(client):
    response = client.get("/v1/inboxes", HTTP_ACCEPT="text/html")
    assert (response.status_code, response.json()["code"]) == (406, "NOT_ACCEPTABLE")


def test_every_answer_carries_a_request_id_and_is_not_kept(client):
    response = client.get("/v1/me", HTTP_X_REQUEST_ID="given-by-the-caller")
    assert response["X-Request-Id"] == "given-by-the-caller"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        *("inboxes/{inbox}/restore", "inboxes/{inbox}/password", "webhooks/{webhook}/test"),
        *("webhooks/{webhook}/rotate-secret", "inboxes/{inbox}/drafts/{draft}/withdraw"),
        "webhooks/{webhook}/deliveries/{delivery}/redeliver",
    ],
)
def test_where_nothing_can_be_said_a_body_is_refused(client, inbox, path):
    named = things(inbox)
    for body in ({"force": True}, [], "x"):
        response = client.post(f"/v1/{path.format(**named)}", body)
        assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
    assert client.post(f"/v1/{path.format(**named)}", {}).status_code < 300


@pytest.mark.parametrize("route", LISTS, ids=name_of)
@pytest.mark.parametrize("parameter", ["inboxID", "format"])
def test_a_list_refuses_a_parameter_that_it_does_not_know(inbox, route, parameter):
    _, shown = made_key(route.by, inbox)
    path = route.path.format(**things(inbox))

    response = Client(shown).get(f"/v1/{path}", {parameter: "json"})

    assert response.status_code == 400
    assert response.json()["details"] == {parameter: ["There is no such field."]}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("agent", "me", "agent: Must be an object."),
        ("metadata", [], "metadata: Must be an object."),
        ("prompt", "Hello", "prompt: Must be a list."),
        ("clientId", "a b", "clientId: Must have 1 to 256 visible characters of ASCII."),
        ("attachments", ["a.txt"], "attachments.0: Must be an object."),
    ],
)
def test_a_refusal_speaks_of_json_and_of_the_field(client, inbox, field, value, sentence):
    told = client.post(f"/v1/inboxes/{inbox.pk}/drafts", {field: value}).json()

    assert (told["error"], list(told["details"])) == (sentence, [field])
    assert "non_field_errors" not in str(told)


def test_a_choice_that_is_not_there_is_told_which_are(client, inbox):
    told = client.patch(f"/v1/inboxes/{inbox.pk}", {"reviewMode": "none"}).json()

    assert told["error"] == "reviewMode: Must be one of: off, policy, required."


def test_an_event_that_is_not_there_is_told_which_are(client):
    body = {"url": "https://1.1.1.1/hook", "events": ["message.arrived"]}
    told = client.post("/v1/webhooks", body).json()

    assert told["error"].startswith("events.0: Must be one of: ")
    assert "message.received" in told["error"]


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("inboxes/{inbox}/messages/{message}/raw", "message/rfc822"),
        ("inboxes/{inbox}/messages/{message}/attachments/{attachment}", "image/png"),
        ("domains/{domain}/zone-file", "text/plain"),
        ("openapi.yaml", "application/yaml"),
    ],
)
def test_what_has_a_type_of_its_own_can_be_asked_for_by_it(inbox, path, accept):
    caller = Client(made_key("wk", inbox)[1])

    response = caller.get(f"/v1/{path.format(**things(inbox))}", HTTP_ACCEPT=accept)

    assert response.status_code == 200
