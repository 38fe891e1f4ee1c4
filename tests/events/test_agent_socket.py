"""GET /v1/ws over a real socket: who gets in, what they hear, and in what order."""

import asyncio
import json
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts import keys
from accounts.models import ApiKey
from events import log
from events.ids import new_id
from events.models import Event, EventType, LogHorizon
from tests.events.listening import hear, subscribe, tell

tell_later = database_sync_to_async(tell)


async def refusal(web, **options) -> InvalidStatus:
    with pytest.raises(InvalidStatus) as refused:
        async with web.listen(**options):
            pass
    return refused.value


async def test_a_bad_key_is_refused_with_401_before_the_upgrade(web):
    refused = await refusal(web, additional_headers={"X-API-Key": "ak_nonsense"})

    assert refused.response.status_code == 401
    assert json.loads(refused.response.body)["code"] == "UNAUTHENTICATED"
    assert refused.response.headers["X-Request-Id"]


async def test_no_key_is_refused_with_401(web):
    assert (await refusal(web)).response.status_code == 401


async def test_a_path_without_a_socket_is_refused_with_404(web):
    assert (await refusal(web, path="/v1/other")).response.status_code == 404


async def test_a_key_without_read_is_refused_with_403(web, inbox):
    _, shown = await database_sync_to_async(keys.issue)(
        ApiKey.Kind.INBOX,
        workspace=inbox.workspace,
        inbox_id=inbox.pk,
        name="writer",
        permissions=["draft"],
        created_by="test",
    )
    refused = await refusal(web, additional_headers={"X-API-Key": shown})

    assert refused.response.status_code == 403


@pytest.mark.parametrize("way", ["header", "bearer", "query"])
async def test_a_key_is_taken_in_each_of_three_ways(web, key, way):
    options = {
        "header": {"additional_headers": {"X-API-Key": key}},
        "bearer": {"additional_headers": {"Authorization": f"Bearer {key}"}},
        "query": {"path": f"/v1/ws?api_key={key}"},
    }[way]
    async with web.listen(**options) as client:
        assert (await hear(client))["type"] == "connected"


async def test_an_event_is_heard_with_every_declared_field(web, key, inbox):
    async with web.listen_with(key) as client:
        await subscribe(client)
        await tell_later(inbox.workspace_id, inbox.pk, subject="Refund", thread_subject="Refund")
        frame = await hear(client)

    assert frame["type"] == "event"
    assert frame["event_type"] == "message.received"
    assert frame["event_id"].startswith("evt_")
    assert frame["created_at"].endswith("Z")
    assert set(frame["message"]) >= {
        *("inbox_id", "message_id", "thread_id", "from", "to", "subject"),
        *("plain_body", "html_body", "reply_text", "timestamp", "attachments"),
    }
    assert frame["message"]["inbox_id"] == str(inbox.pk)
    assert frame["thread"] == {"thread_id": frame["message"]["thread_id"], "subject": "Refund"}


async def test_a_draft_event_carries_the_draft(web, key, inbox):
    draft_id = new_id()
    async with web.listen_with(key) as client:
        await subscribe(client)
        await tell_later(
            inbox.workspace_id,
            inbox.pk,
            type=EventType.DRAFT_APPROVED,
            draft_id=draft_id,
            status="approved",
            version=2,
        )
        frame = await hear(client)

    assert frame["draft"]["draft_id"] == str(draft_id)
    assert (frame["draft"]["status"], frame["draft"]["version"]) == ("approved", 2)
    assert "message" not in frame


async def test_a_strangers_event_is_not_heard(web, key, inbox, strange_inbox):
    async with web.listen_with(key) as client:
        await subscribe(client)
        await tell_later(strange_inbox.workspace_id, strange_inbox.pk)
        await tell_later(inbox.workspace_id, inbox.pk, subject="ours")

        assert (await hear(client))["message"]["subject"] == "ours"


async def test_only_the_event_types_asked_for_are_heard(web, key, inbox):
    async with web.listen_with(key) as client:
        answer = await subscribe(client, event_types=["draft.approved"])
        await tell_later(inbox.workspace_id, inbox.pk)
        await tell_later(inbox.workspace_id, inbox.pk, type=EventType.DRAFT_APPROVED)

        assert answer["event_types"] == ["draft.approved"]
        assert (await hear(client))["event_type"] == "draft.approved"


async def test_subscribing_again_replaces_what_was_subscribed(web, key, inbox):
    async with web.listen_with(key) as client:
        await subscribe(client)
        await subscribe(client, event_types=["message.sent"])
        await tell_later(inbox.workspace_id, inbox.pk)
        await tell_later(inbox.workspace_id, inbox.pk, type=EventType.MESSAGE_SENT)

        assert (await hear(client))["event_type"] == "message.sent"


async def test_pod_ids_are_taken_for_workspace_ids(web, workspace, inbox):
    _, shown = await database_sync_to_async(keys.issue)(
        ApiKey.Kind.WORKSPACE,
        workspace=workspace,
        name="all",
        permissions=["read"],
        created_by="test",
    )
    async with web.listen_with(shown) as client:
        answer = await subscribe(client, pod_ids=[str(workspace.pk)], inbox_ids=[str(inbox.pk)])

    assert answer["workspace_ids"] == [str(workspace.pk)]
    assert answer["inbox_ids"] == [str(inbox.pk)]


async def test_ids_of_a_stranger_are_an_error_frame_and_the_same_as_none(
    web, key, strange_inbox, charlie
):
    async with web.listen_with(key) as client:
        theirs = await subscribe(client, inbox_ids=[str(strange_inbox.pk)])
        nobodys = await subscribe(client, inbox_ids=[str(new_id())])
        workspace = await subscribe(client, workspace_ids=[str(strange_inbox.workspace_id)])

    assert theirs["type"] == "error"
    assert theirs == nobodys == workspace
    assert theirs["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", "VALIDATION_ERROR"),
        ("[" * 30_000, "VALIDATION_ERROR"),
        (b"{}", "VALIDATION_ERROR"),
        ("[]", "VALIDATION_ERROR"),
        ('{"type": "dance"}', "UNKNOWN_TYPE"),
        ('{"type": "subscribe", "event_types": ["message.eaten"]}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "event_types": [{}]}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "inbox_ids": "all"}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "inbox_ids": [7]}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "after": "yesterday"}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "after": 7}', "VALIDATION_ERROR"),
        (json.dumps({"type": "ping", "pad": "x" * 65536}), "TOO_LARGE"),
    ],
)
async def test_a_bad_frame_is_answered_with_an_error_and_the_socket_stays_open(
    web, key, sent, code
):
    async with web.listen_with(key) as client:
        await hear(client)
        await client.send(sent)
        answer = await hear(client)
        await client.send('{"type": "ping"}')

        assert (answer["type"], answer["code"]) == ("error", code)
        assert await hear(client) == {"type": "pong"}


async def test_what_was_missed_comes_first_in_order_and_then_what_is_live(web, key, inbox):
    async with web.listen_with(key) as client:
        cursor = (await subscribe(client))["cursor"]
    for number in range(250):
        await tell_later(inbox.workspace_id, inbox.pk, subject=str(number))
    async with web.listen_with(key) as client:
        await subscribe(client, after=cursor)
        await tell_later(inbox.workspace_id, inbox.pk, subject="250")
        subjects = [(await hear(client))["message"]["subject"] for _ in range(251)]

    assert subjects == [str(number) for number in range(251)]


async def test_resuming_at_every_cursor_loses_nothing(web, key, inbox):
    async with web.listen_with(key) as client:
        cursor = (await subscribe(client))["cursor"]
    heard: list[str] = []

    async def write() -> None:
        for number in range(60):
            await tell_later(inbox.workspace_id, inbox.pk, subject=str(number))

    writing = asyncio.create_task(write())
    while len(set(heard)) < 60:
        async with web.listen_with(key) as client:
            await subscribe(client, after=cursor)
            for _ in range(min(17, 60 - len(set(heard)))):
                frame = await hear(client)
                cursor = frame["cursor"]
                heard.append(frame["message"]["subject"])
    await writing

    assert heard == [str(number) for number in range(60)]


async def test_a_cursor_older_than_the_log_is_answered_with_reset_and_then_what_is_live(
    web, key, inbox
):
    def prune() -> str:
        tell(inbox.workspace_id, inbox.pk)
        old = log.place(Event.objects.get(), 0)
        tell(inbox.workspace_id, inbox.pk)
        Event.objects.update(created_at=timezone.now() - timedelta(days=8))
        assert log.prune(timezone.now()) == 2
        assert LogHorizon.objects.count() == 1
        return str(old)

    old = await database_sync_to_async(prune)()
    async with web.listen_with(key) as client:
        first = await subscribe(client, after=old)
        second = await hear(client)
        await tell_later(inbox.workspace_id, inbox.pk, subject="live")

        assert (first["type"], second["type"]) == ("reset", "subscribed")
        assert (await hear(client))["message"]["subject"] == "live"


async def test_a_revoked_key_is_closed_with_4001_within_seconds(web, inbox, key):
    async with web.listen_with(key) as client:
        await subscribe(client)
        await database_sync_to_async(ApiKey.objects.update)(revoked_at=timezone.now())
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(20):
                while True:
                    await client.recv()

    assert closed.value.rcvd.code == 4001


async def test_an_expired_key_is_closed_with_4001_within_seconds(web, inbox, key):
    async with web.listen_with(key) as client:
        await subscribe(client)
        await database_sync_to_async(ApiKey.objects.update)(expires_at=timezone.now())
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(20):
                while True:
                    await client.recv()

    assert closed.value.rcvd.code == 4001


async def test_an_event_held_back_by_an_older_transaction_is_heard_after_it_and_in_order(
    web, key, inbox, other_connection
):
    async with web.listen_with(key) as client:
        await subscribe(client)
        await database_sync_to_async(other_connection.execute)("SELECT pg_current_xact_id()")
        await tell_later(inbox.workspace_id, inbox.pk, subject="second transaction")
        with pytest.raises(TimeoutError):
            await hear(client, within=0.5)
        await database_sync_to_async(other_connection.commit)()

        assert (await hear(client))["message"]["subject"] == "second transaction"


async def test_a_field_that_is_unknown_is_refused_and_asks_for_nothing(web, key, inbox):
    async with web.listen_with(key) as client:
        await subscribe(client, event_types=["draft.created"])
        await client.send(json.dumps({"type": "subscribe", "event_type": ["message.received"]}))
        refused = await hear(client)
        await tell_later(inbox.workspace_id, inbox.pk)
        await tell_later(inbox.workspace_id, inbox.pk, type=EventType.DRAFT_CREATED)
        heard = await hear(client)

    assert (refused["type"], refused["code"]) == ("error", "VALIDATION_ERROR")
    assert refused["message"] == "event_type: There is no such field."
    assert heard["event_type"] == "draft.created"
