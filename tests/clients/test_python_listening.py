"""Listening with the Python client: what was missed while the server was away comes first."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from mailagent_client import AsyncMailAgent, MailAgent, NotFound, Unauthenticated, Unreachable

from accounts.models import ApiKey
from tests.clients.conftest import told
from tests.drafts.mail import receive
from tests.events.listening import free_port, start_web, stop_web, tell


class Listener:
    """A thread that collects what one of the clients hears."""

    def __init__(self, kind: str, key: str, url: str, **options: Any) -> None:
        self.heard: list[str] = []
        self.cursor = ""
        self._grown = threading.Condition()
        self._listen = self._sync if kind == "sync" else self._async
        self.options = {"event_types": ["message.received"], **options}
        self.key, self.url = key, url
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        self._listen()

    def _sync(self) -> None:
        with MailAgent(self.key, self.url) as api:
            for event in api.listen(**self.options):
                self._take(event)

    def _async(self) -> None:
        async def listen() -> None:
            async with AsyncMailAgent(self.key, self.url) as api:
                async for event in api.listen(**self.options):
                    self._take(event)

        asyncio.run(listen())

    def _take(self, event: Any) -> None:
        with self._grown:
            self.heard.append(event["message"]["subject"])
            self.cursor = event["cursor"]
            self._grown.notify_all()

    def wait_for(self, *subjects: str) -> None:
        with self._grown:
            self._grown.wait_for(lambda: len(self.heard) >= len(subjects), timeout=20)
            assert self.heard == list(subjects)


@pytest.fixture
def port(transactional_db) -> Iterator[int]:
    """Where servers of a test come and go."""
    yield free_port()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_lost_connection_is_made_again_and_nothing_is_missing(kind, inbox, key, port):
    start = receive(inbox, subject="zero", number=0)
    web = start_web(port)
    try:
        with MailAgent(key, web.http) as api:
            (before,) = told(1, lambda: list(api.events.list(types=["message.received"])))
        assert before["messageId"] == str(start.pk)
        listener = Listener(kind, key, web.http, after=before["cursor"])
        receive(inbox, subject="one", number=1)
        listener.wait_for("one")
        stop_web(web)
        receive(inbox, subject="two", number=2)
        receive(inbox, subject="three", number=3)
        web = start_web(port)
        listener.wait_for("one", "two", "three")
        receive(inbox, subject="four", number=4)
        listener.wait_for("one", "two", "three", "four")
    finally:
        stop_web(web)


def test_an_inbox_out_of_reach_is_refused(api, strange_inbox):
    with pytest.raises(NotFound):
        next(api.listen(inbox_ids=[str(strange_inbox.pk)]))


@pytest.mark.parametrize(
    ("wanted", "heard"),
    [
        ({}, ["letter"]),
        ({"include_spam": True}, ["junk", "letter"]),
        ({"include_machines": True}, ["proxy", "letter"]),
    ],
)
def test_junk_and_machines_are_told_of_to_those_who_ask(api, inbox, wanted, heard):
    place = inbox.workspace_id, inbox.pk
    tell(*place, subject="first")
    (before,) = told(1, lambda: list(api.events.list()))
    tell(*place, subject="junk", spam=True)
    tell(*place, subject="proxy", machine=True)
    tell(*place, subject="letter")
    events = api.listen(after=before["cursor"], **wanted)
    assert [next(events)["message"]["subject"] for _ in heard] == heard


def test_the_log_tells_of_junk_when_asked(api, inbox):
    tell(inbox.workspace_id, inbox.pk, subject="junk", spam=True)
    tell(inbox.workspace_id, inbox.pk, subject="letter")
    (letter,) = told(1, lambda: list(api.events.list()))
    everything = list(api.events.list(include_spam=True))
    assert [one["subject"] for one in everything] == ["junk", letter["subject"]]


def test_a_key_that_is_none_is_turned_away_at_once(web):
    with MailAgent("ak_nothing", web.http) as api, pytest.raises(Unauthenticated):
        next(api.listen())


def test_a_key_that_is_revoked_ends_the_listening(web, key, inbox):
    receive(inbox)
    with MailAgent(key, web.http) as api:
        cursor = told(1, lambda: list(api.events.list(types=["message.received"])))[0]["cursor"]
        receive(inbox, number=2)
        events = api.listen(event_types=["message.received"], after=cursor)
        next(events)
        ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")
        with pytest.raises(Unauthenticated):
            next(events)


def test_patience_ends(transactional_db):
    with MailAgent("k", f"http://127.0.0.1:{free_port()}") as api, pytest.raises(Unreachable):
        next(api.listen(patience=1))
