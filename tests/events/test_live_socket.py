"""GET /live over a real socket: signals for who is signed in, and never any text."""

import asyncio
import json

import pytest
from channels.db import database_sync_to_async
from django.contrib.sessions.models import Session
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.models import Member
from events.ids import new_id
from events.models import EventType
from tests.events.listening import hear, tell

SIGNAL = {
    *("type", "event_type", "draft_id", "thread_id", "message_id", "inbox_id", "cursor"),
}
tell_later = database_sync_to_async(tell)


def signed_in(user) -> dict[str, str]:
    """The Cookie field of a browser in which `user` has signed in."""
    browser = Client()
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}


def listen(web, cookie: dict[str, str], path: str = "/live"):
    return web.listen(path, additional_headers=cookie, origin=web.http)


@pytest.fixture
def cookie(alice) -> dict[str, str]:
    return signed_in(alice)


async def test_without_a_session_it_is_refused_with_401(web):
    with pytest.raises(InvalidStatus) as refused:
        async with web.listen("/live", origin=web.http):
            pass

    assert refused.value.response.status_code == 401


async def test_a_page_of_another_origin_is_refused(web, cookie):
    with pytest.raises(InvalidStatus) as refused:
        async with web.listen(
            "/live", additional_headers=cookie, origin="https://elsewhere.example"
        ):
            pass

    assert refused.value.response.status_code == 403


async def test_a_signal_names_what_changed_and_never_its_text(web, cookie, inbox):
    draft_id = new_id()
    async with listen(web, cookie) as client:
        assert (await hear(client))["type"] == "connected"
        await tell_later(
            inbox.workspace_id,
            inbox.pk,
            type=EventType.DRAFT_UPDATED,
            draft_id=draft_id,
            subject="a secret",
        )
        frame = await hear(client)

    assert set(frame) == SIGNAL
    assert frame["type"] == "changed"
    assert frame["draft_id"] == str(draft_id)
    assert "secret" not in json.dumps(frame)


async def test_a_stranger_hears_nothing_of_it(web, charlie, inbox, strange_inbox):
    cookie = await database_sync_to_async(signed_in)(charlie)
    async with listen(web, cookie) as client:
        await hear(client)
        await tell_later(inbox.workspace_id, inbox.pk)
        await tell_later(strange_inbox.workspace_id, strange_inbox.pk)

        assert (await hear(client))["inbox_id"] == str(strange_inbox.pk)


async def test_signals_missed_are_caught_up_by_cursor(web, cookie, inbox):
    async with listen(web, cookie) as client:
        cursor = (await hear(client))["cursor"]
    await tell_later(inbox.workspace_id, inbox.pk)
    async with listen(web, cookie, f"/live?after={cursor}") as client:
        assert (await hear(client))["type"] == "connected"
        assert (await hear(client))["type"] == "changed"


@pytest.mark.parametrize("way", ["signed out", "left", "password changed", "deactivated"])
async def test_who_is_no_longer_welcome_is_closed_with_4001(web, cookie, alice, way):
    def end() -> None:
        if way == "signed out":
            Session.objects.all().delete()
        elif way == "password changed":
            alice.set_password("another long pass phrase")
            alice.save()
        elif way == "deactivated":
            alice.is_active = False
            alice.save()
        else:
            Member.objects.all().delete()

    async with listen(web, cookie) as client:
        await hear(client)
        await database_sync_to_async(end)()
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(20):
                while True:
                    await client.recv()

    assert closed.value.rcvd.code == 4001
