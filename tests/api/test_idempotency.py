"""`Idempotency-Key`: the same request asked again, however it ended for the first time."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import httpx
import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.idempotency import _claim
from accounts.models import IdempotentCall
from accounts.tasks import prune_idempotent_calls
from drafts.models import Draft
from events.models import Event
from inboxes.models import Inbox, Message
from tests.api.conftest import Client
from tests.api.test_tenants import refusal
from tests.conftest import make_key
from tests.events.listening import free_port, start_web, stop_web

MAIL = {"to": "ann@customer.example", "subject": "News", "plainBody": "Hello"}


def once(name: str = "first") -> dict[str, str]:
    return {"Idempotency-Key": name}


@pytest.fixture
def path(inbox: Inbox) -> str:
    return f"/v1/inboxes/{inbox.pk}/drafts"


@pytest.fixture
def sending(inbox: Inbox) -> str:
    Inbox.objects.filter(pk=inbox.pk).update(review_mode=Inbox.ReviewMode.OFF)
    return f"/v1/inboxes/{inbox.pk}/send"


def test_a_repeat_gets_the_first_answer_and_does_nothing(client, path):
    first = client.post(path, MAIL, headers=once())
    Draft.objects.update(category="changed since")
    again = client.post(path, MAIL, headers=once())
    assert (again.status_code, again.content) == (201, first.content)
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert again["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first
    assert Draft.objects.count() == 1


def test_neither_white_space_nor_the_order_of_fields_makes_another_body(client, path):
    client.post(path, MAIL, headers=once())
    text = json.dumps(dict(reversed(MAIL.items())), indent=3)
    again = client.post(path, text, content_type="application/json", headers=once())
    assert again.status_code == 201 and Draft.objects.count() == 1


@pytest.mark.parametrize("change", [{"subject": "Other"}, {"cc": "bob@customer.example"}])
def test_another_body_is_refused(client, path, change):
    client.post(path, MAIL, headers=once())
    response = client.post(path, MAIL | change, headers=once())
    assert refusal(response) == (409, "IDEMPOTENCY_MISMATCH")


def test_another_path_is_another_request(client, path, sending):
    client.post(path, MAIL, headers=once())
    assert refusal(client.post(sending, MAIL, headers=once())) == (409, "IDEMPOTENCY_MISMATCH")


def test_another_key_has_names_of_its_own(client, path, inbox):
    client.post(path, MAIL, headers=once())
    Client(make_key(inbox)).post(path, MAIL, headers=once())
    assert Draft.objects.count() == 2


@pytest.mark.parametrize("name", ["", "two words", "ü", "x" * 257, "tab\there"])
def test_a_name_has_visible_characters(client, path, name):
    response = client.post(path, MAIL, headers=once(name))
    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["details"]) == ["Idempotency-Key"]


def test_a_refusal_is_not_remembered(client, path):
    assert client.post(path, MAIL | {"to": "nobody"}, headers=once()).status_code == 400
    assert not IdempotentCall.objects.exists()
    assert client.post(path, MAIL, headers=once()).status_code == 201


def test_a_failure_undoes_the_work_and_is_not_remembered(client, path, monkeypatch):
    def fail(_: bytes) -> bytes:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("accounts.idempotency.encrypt", fail)
        assert client.post(path, MAIL, headers=once()).status_code == 500
    assert not Draft.objects.exists() and not Event.objects.exists()
    assert client.post(path, MAIL, headers=once()).status_code == 201


def test_after_a_day_it_is_forgotten(client, path):
    client.post(path, MAIL, headers=once())
    IdempotentCall.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(path, MAIL | {"subject": "Other"}, headers=once()).status_code == 201
    assert Draft.objects.count() == 2


def test_beat_forgets_what_is_over_and_keeps_what_is_for_good(client, path):
    client.post(path, MAIL, headers=once())
    client.post(path, MAIL | {"subject": "Other"}, headers=once("second"))
    client.post(path, MAIL | {"clientId": "for-good"}, headers={})
    past = timezone.now() - timedelta(seconds=1)
    IdempotentCall.objects.filter(name="second").update(expires_at=past)
    prune_idempotent_calls()
    names = IdempotentCall.objects.values_list("name", flat=True)
    assert sorted(names) == ["first", "for-good"]


def test_what_is_kept_cannot_be_read_in_the_database(client, path):
    client.post(path, MAIL, headers=once())
    assert b"Hello" not in bytes(IdempotentCall.objects.get().body)


@pytest.fixture
def address(transactional_db: None, inbox: Inbox) -> str:
    Inbox.objects.filter(pk=inbox.pk).update(review_mode=Inbox.ReviewMode.OFF)
    return f"/v1/inboxes/{inbox.pk}/send"


def ask(url: str, key: str, name: str) -> int:
    """The status; 0 where the connection broke."""
    headers = {"X-API-Key": key, "Idempotency-Key": name}
    try:
        return httpx.post(url, json=MAIL, headers=headers, timeout=20).status_code
    except httpx.TransportError:
        return 0


def test_while_the_first_runs_a_second_is_told_so(address, key):
    """The name is claimed by a transaction that is still open."""
    scope = f"key:{Client(key).get('/v1/me').json()['id']}"
    web = start_web(free_port())
    try:
        with transaction.atomic():
            _claim(scope, "busy")
            assert ask(web.http + address, key, "busy") == 409
        assert ask(web.http + address, key, "busy") == 200
    finally:
        stop_web(web)


def test_many_at_once_with_servers_killed_in_between_make_one_message_each(address, key):
    """Five at once for each name, and the web process is killed with -9 meanwhile."""
    names = [f"name-{number}" for number in range(6)]
    for number, name in enumerate(names):
        web = start_web(free_port())
        barrier = Barrier(6)

        def together(name: str = name, url: str = web.http + address, b: Barrier = barrier) -> int:
            b.wait()
            return ask(url, key, name)

        with ThreadPoolExecutor(5) as pool:
            waiting = [pool.submit(together) for _ in range(5)]
            barrier.wait()
            connection.cursor().execute("SELECT pg_sleep(%s)", [0.03 * number])
            web.process.kill()
            web.process.wait()
            assert {each.result() for each in waiting} <= {0, 200, 409}
    web = start_web(free_port())
    try:
        assert {ask(web.http + address, key, name) for name in names} == {200}
    finally:
        stop_web(web)
    assert Message.objects.count() == len(names)


def test_a_client_id_has_the_same_effect_for_good_and_for_every_key(client, path, inbox):
    named = MAIL | {"clientId": "order-7"}
    first = client.post(path, named)
    again = Client(make_key(inbox)).post(path, named)
    assert (again.status_code, again.content) == (201, first.content)
    assert IdempotentCall.objects.get().expires_at is None
    other = client.post(path, named | {"subject": "Other"})
    assert refusal(other) == (409, "IDEMPOTENCY_MISMATCH")


def test_a_client_id_names_a_mail_that_leaves(client, sending):
    named = MAIL | {"clientId": "order-7"}
    assert client.post(sending, named).content == client.post(sending, named).content
    assert Message.objects.count() == 1


def test_a_client_id_counts_within_its_inbox(client, path, strange_inbox, strange_key):
    named = MAIL | {"clientId": "order-7"}
    assert client.post(path, named).status_code == 201
    theirs = Client(strange_key).post(f"/v1/inboxes/{strange_inbox.pk}/drafts", named)
    assert theirs.status_code == 201 and "Idempotency-Replayed" not in theirs


def test_the_schema_tells_of_the_header(db):
    paths = Client().get("/v1/openapi.json").json()["paths"]
    told = {one["name"]: one for one in paths["/v1/inboxes/{inbox_id}/send"]["post"]["parameters"]}
    assert told["Idempotency-Key"]["schema"]["maxLength"] == 256
