"""The Python client against a running server: the same steps at once and awaited."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from mailagent_client import (
    AsyncMailAgent,
    Conflict,
    InvalidRequest,
    MailAgent,
    NotFound,
    Unauthenticated,
    Unreachable,
)

from tests.clients.conftest import told
from tests.drafts.mail import receive
from tests.events.listening import free_port


class Both:
    """Runs a method of either client to its result."""

    def __init__(self, client: Any, run: Callable[[Any], Any]) -> None:
        self.client = client
        self._run = run

    def __call__(self, method: Callable[..., Any], *args: Any, **fields: Any) -> Any:
        answer = method(*args, **fields)
        return self._run(answer) if inspect.isawaitable(answer) else answer

    def every(self, pages: Any) -> list[Any]:
        async def gather() -> list[Any]:
            return [item async for item in pages]

        return self._run(gather()) if isinstance(pages, _ASYNC) else list(pages)

    def page(self, pages: Any) -> Any:
        answer = pages.page()
        return self._run(answer) if inspect.isawaitable(answer) else answer


_ASYNC = (type(AsyncMailAgent("x").events.list()), AsyncIterator)


@pytest.fixture(params=["sync", "async"])
def both(request, web, key) -> Iterator[Both]:
    with asyncio.Runner() as runner:
        if request.param == "sync":
            client: Any = MailAgent(key, web.http)
            yield Both(client, runner.run)
            client.close()
        else:
            client = AsyncMailAgent(key, web.http)
            yield Both(client, lambda awaitable: runner.run(_await(awaitable)))
            runner.run(client.close())


async def _await(awaitable: Any) -> Any:
    return await awaitable


def test_the_whole_way_from_a_mail_to_a_draft_that_waits(both, inbox, received):
    api, message_id = both.client, str(received.pk)

    message = both(api.messages.get, inbox.email, message_id)
    thread = both(api.messages.thread_list, inbox.email, message["threadId"])
    draft = both(
        api.drafts.create,
        inbox.email,
        reply_to_message_id=message_id,
        plain_body="It is on its way.",
        metadata={"confidence": 0.9, "llmReasoning": "They ask.", "snake_case": {"as_is": 1}},
    )
    changed = both(
        api.drafts.update, inbox.email, draft["id"], plain_body="Soon.", if_match=draft["version"]
    )
    outcome = both(api.drafts.send, inbox.email, draft["id"])

    assert (message["from"], message["isRead"]) == ("ann@customer.example", True)
    assert [one["id"] for one in thread["messages"]] == [message_id]
    assert draft["to"] == ["ann@customer.example"]
    assert draft["metadata"]["snake_case"] == {"as_is": 1}
    assert changed["plainBody"] == "Soon."
    assert outcome["status"] == "pending_review"
    assert both(api.drafts.get, inbox.email, draft["id"])["status"] == "pending"
    assert len(both.every(api.drafts.revisions(inbox.email, draft["id"]))) == 2


def test_reading_without_marking_it_read(both, inbox, received):
    message = both(both.client.messages.get, inbox.email, str(received.pk), mark_read=False)
    assert not message["isRead"]


def test_a_list_is_followed_to_its_end_by_cursor(both, inbox):
    sent = [str(receive(inbox, number=number).pk) for number in range(5)]
    listed = both.client.messages.list(inbox.email, limit=2)
    assert [one["id"] for one in both.every(listed)] == sent[::-1]
    page = both.page(listed)
    assert (page.total, len(page.items)) == (5, 2)


def test_a_list_without_cursors_is_followed_by_offset(both, inbox, strange_inbox):
    assert [one["email"] for one in both.every(both.client.inboxes.list(limit=1))] == [inbox.email]


def test_polled_events_end_at_the_present_and_go_on_from_a_cursor(both, inbox):
    for number in range(3):
        receive(inbox, number=number)
    wanted = {"types": ["message.received"], "limit": 2}
    events = told(3, lambda: both.every(both.client.events.list(**wanted)))

    receive(inbox, number=9)
    after = events[-1]["cursor"]
    (later,) = told(1, lambda: both.every(both.client.events.list(after=after, **wanted)))
    assert later["eventId"] not in {one["eventId"] for one in events}


def test_filters_named_like_words_of_python(both, inbox):
    receive(inbox, sender="bo@customer.example", number=1)
    kept = receive(inbox, number=2)
    found = both.every(both.client.messages.list(inbox.email, from_="ann@customer.example"))
    assert [one["id"] for one in found] == [str(kept.pk)]


def test_files_go_up_and_come_down(both, inbox, received):
    api = both.client
    draft = both(
        api.drafts.create, inbox.email, reply_to_message_id=str(received.pk), plain_body="x"
    )
    with_file = both(
        api.drafts.attach, inbox.email, draft["id"], b"a,b\n", "a.csv", content_type="text/csv"
    )
    (attached,) = with_file["attachments"]
    assert (attached["filename"], attached["sizeBytes"]) == ("a.csv", 4)
    assert both(api.drafts.detach, inbox.email, draft["id"], attached["id"]) is None
    assert b"Where is my parcel?" in both(api.messages.raw, inbox.email, str(received.pk))


def test_a_refusal_is_an_exception_of_its_kind(both, inbox, strange_inbox, received):
    api = both.client
    with pytest.raises(NotFound) as missing:
        both(api.inboxes.get, strange_inbox.email)
    assert (missing.value.status, missing.value.code) == (404, "NOT_FOUND")
    assert missing.value.request_id

    with pytest.raises(InvalidRequest) as invalid:
        both(api.drafts.create, inbox.email, plain_body="x", to="nobody")
    assert "to" in invalid.value.details

    draft = both(
        api.drafts.create, inbox.email, reply_to_message_id=str(received.pk), plain_body="x"
    )
    with pytest.raises(Conflict) as conflict:
        both(api.drafts.update, inbox.email, draft["id"], plain_body="y", if_match=99)
    assert conflict.value.code == "VERSION_CONFLICT"


def test_a_key_that_is_none(web):
    with MailAgent("ak_nothing", web.http) as api, pytest.raises(Unauthenticated):
        api.account.me()


def test_the_base_url_may_end_in_its_version(web, key):
    with MailAgent(key, f"{web.http}/v1/") as api:
        assert api.account.me()["kind"] == "inbox"


def test_a_server_that_is_not_there():
    url = f"http://127.0.0.1:{free_port()}"
    with MailAgent("k", url, retries=0) as api, pytest.raises(Unreachable):
        api.account.me()
