"""How often a key may call: counted in Valkey, and where that is away by each process."""

import socket
from collections.abc import Iterator
from uuid import uuid4

import pytest

from accounts import rate_limits
from tests.api.conftest import Client
from tests.api.test_tenants import refusal
from tests.conftest import make_key
from tests.events.listening import free_port


@pytest.fixture(params=["Valkey is here", "Valkey is away", "Valkey hangs"])
def counted(request, settings, monkeypatch) -> Iterator[None]:
    """Each way of counting, with nothing counted yet."""
    monkeypatch.setattr(rate_limits, "_shared", rate_limits._Shared())
    monkeypatch.setattr(rate_limits, "_own", rate_limits._Own())
    silent = socket.create_server(("127.0.0.1", 0))
    if request.param == "Valkey is away":
        settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    if request.param == "Valkey hangs":
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
    yield
    silent.close()


@pytest.fixture
def three(settings, counted) -> None:
    """Three calls a minute for each key."""
    settings.RATE_LIMIT = 3


def told(response) -> tuple[str, str]:
    assert 1 <= int(response["RateLimit-Reset"]) <= 60
    return response["RateLimit-Limit"], response["RateLimit-Remaining"]


def test_every_answer_tells_where_the_key_stands(three, client):
    assert told(client.get("/v1/me")) == ("3", "2")
    assert told(client.get(f"/v1/inboxes/{uuid4()}")) == ("3", "1")
    assert told(client.post("/v1/me")) == ("3", "0")


def test_too_many_are_refused_with_when_to_come_back(three, client):
    for _ in range(3):
        assert client.get("/v1/me").status_code == 200
    response = client.get("/v1/me")
    assert refusal(response) == (429, "RATE_LIMITED")
    assert told(response) == ("3", "0")
    assert 1 <= int(response["Retry-After"]) <= 60


def test_one_key_takes_nothing_from_another(three, client, inbox):
    for _ in range(4):
        client.get("/v1/me")
    assert Client(make_key(inbox)).get("/v1/me").status_code == 200


def test_the_keys_of_a_workspace_share_its_limit(settings, counted, client, inbox, strange_key):
    settings.WORKSPACE_RATE_LIMIT = 2
    other = Client(make_key(inbox))
    assert told(client.get("/v1/me")) == ("2", "1")
    assert told(other.get("/v1/me")) == ("2", "0")
    assert client.get("/v1/me").status_code == 429
    assert Client(strange_key).get("/v1/me").status_code == 200


def test_a_key_without_the_permission_is_counted_too(three, inbox):
    client = Client(make_key(inbox, ["read"]))
    assert told(client.post(f"/v1/inboxes/{inbox.pk}/drafts", {})) == ("3", "2")


def test_polling_is_counted_as_everything_else(three, client):
    assert told(client.get("/v1/events")) == ("3", "2")


def test_nothing_is_limited_by_nought(settings, counted, client):
    settings.RATE_LIMIT = settings.WORKSPACE_RATE_LIMIT = 0
    assert "RateLimit-Limit" not in client.get("/v1/me")


def test_the_minute_before_weighs_by_what_is_left_of_it(monkeypatch):
    own = rate_limits._Own()
    at = 6_000_000.0
    monkeypatch.setattr(rate_limits.time, "time", lambda: at)
    for _ in range(10):
        own.count({"x": 10})
    assert own.count({"x": 10})[-1] == 1
    at += 90  # half of the next window: five of the ten still weigh
    assert own.count({"x": 10})[0] == 6
    at += 120
    assert own.count({"x": 10})[0] == 1
