"""What the Python client tries again, and what it does not, told by what a server was asked."""

import asyncio
import json
import time

import pytest
from mailagent_client import (
    AsyncMailAgent,
    Conflict,
    MailAgent,
    RateLimited,
    Unavailable,
    Unreachable,
)


@pytest.fixture
def client(scripted):
    with MailAgent("ak_key", scripted.url) as api:
        yield api


def test_a_get_is_tried_again_after_503(scripted, client):
    scripted.answer(503)
    scripted.answer(502)
    scripted.answer(200, b'{"id": "1"}')
    assert client.account.me()["id"] == "1"
    assert len(scripted.asked) == 3


def test_a_get_is_tried_again_when_the_connection_breaks(scripted, client):
    scripted.answer(0)
    scripted.answer(200, b'{"id": "1"}')
    assert client.account.me()["id"] == "1"


def test_a_post_is_tried_again_with_the_same_key_and_body(scripted, client):
    scripted.answer(0)
    scripted.answer(503)
    scripted.answer(200)
    client.messages.send("i", to="ann@customer.example", plain_body="Hello")
    keys = {asked.headers["idempotency-key"] for asked in scripted.asked}
    assert len(scripted.asked) == 3
    assert len(keys) == 1
    assert json.loads(scripted.asked[2].body) == {
        "to": "ann@customer.example",
        "plainBody": "Hello",
    }


def test_the_callers_idempotency_key_is_kept_and_stays_out_of_the_body(scripted, client):
    scripted.answer(200)
    client.drafts.create("i", plain_body="Hello", idempotency_key="order-7")
    (asked,) = scripted.asked
    assert asked.headers["idempotency-key"] == "order-7"
    assert json.loads(asked.body) == {"plainBody": "Hello"}


def test_two_posts_have_two_keys(scripted, client):
    scripted.answer(200)
    for _ in range(2):
        client.drafts.create("i", plain_body="Hello")
    first, second = (asked.headers["idempotency-key"] for asked in scripted.asked)
    assert first != second


def test_an_earlier_attempt_that_is_still_at_work_is_waited_for(scripted, client):
    scripted.answer(409, b'{"error": "Running.", "code": "IDEMPOTENCY_IN_FLIGHT", "details": {}}')
    scripted.answer(200, b'{"id": "1"}')
    assert client.drafts.create("i", plain_body="Hello")["id"] == "1"


def test_another_conflict_is_not_tried_again(scripted, client):
    scripted.answer(409, b'{"error": "Changed.", "code": "VERSION_CONFLICT", "details": {}}')
    with pytest.raises(Conflict):
        client.drafts.send("i", "d")
    assert len(scripted.asked) == 1


def test_a_patch_is_not_tried_again(scripted, client):
    scripted.answer(503)
    with pytest.raises(Unavailable):
        client.drafts.update("i", "d", plain_body="Hello")
    scripted.answers[:] = [(0, {}, b"")]
    with pytest.raises(Unreachable):
        client.drafts.update("i", "d", plain_body="Hello")
    assert len(scripted.asked) == 2


def test_retry_after_is_honoured(scripted, client):
    scripted.answer(429, Retry_After="2")
    scripted.answer(200)
    began = time.monotonic()
    client.account.me()
    assert 2 <= time.monotonic() - began < 6


def test_a_very_long_retry_after_is_told_instead_of_waited_for(scripted, client):
    scripted.answer(429, Retry_After="3600")
    with pytest.raises(RateLimited):
        client.account.me()


def test_it_gives_up(scripted):
    scripted.answer(503, b"<html>a proxy's page</html>")
    with MailAgent("ak_key", scripted.url, retries=1) as api, pytest.raises(Unavailable) as refused:
        api.account.me()
    assert (len(scripted.asked), refused.value.code) == (2, "ERROR")


def test_the_async_client_tries_again_as_well(scripted):
    scripted.answer(503)
    scripted.answer(0)
    scripted.answer(200, b'{"id": "1"}')

    async def ask() -> str:
        async with AsyncMailAgent("ak_key", scripted.url) as api:
            return (await api.account.me())["id"]

    assert asyncio.run(ask()) == "1"


def test_ids_cannot_leave_their_place_in_the_path(scripted, client):
    scripted.answer(200)
    client.inboxes.get("../domains?x=1#é")
    assert scripted.asked[0].path == "/v1/inboxes/..%2Fdomains%3Fx%3D1%23%C3%A9"
