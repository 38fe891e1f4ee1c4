"""One who does not read costs no more than a bounded outbox, and nobody else notices."""

import asyncio
import time

import pytest
from channels.db import database_sync_to_async
from websockets.exceptions import ConnectionClosed

from events.ids import new_id
from events.models import EventType
from tests.events.listening import hear, subscribe, tell

BIG = "x" * 200_000


def tell_many(inbox, count: int, **facts) -> None:
    for _ in range(count):
        tell(inbox.workspace_id, inbox.pk, **facts)


async def read_to_the_end(client) -> int:
    """Read whatever comes until the socket is closed; the code."""
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(60):
            while True:
                await client.recv()
    return closed.value.rcvd.code


def resident(pid: int) -> int:
    """Octets of memory."""
    with open(f"/proc/{pid}/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * 4096


async def test_a_reader_that_falls_behind_is_closed_with_4008(web, key, inbox):
    # max_queue: the client stops reading from its socket after so many frames.
    async with web.listen_with(key, max_queue=2) as client, web.listen_with(key) as quick:
        await subscribe(client)
        await subscribe(quick, event_types=["draft.approved"])
        before = await database_sync_to_async(resident)(web.process.pid)
        await database_sync_to_async(tell_many)(inbox, 100, subject=BIG)
        await database_sync_to_async(tell)(
            inbox.workspace_id, inbox.pk, type=EventType.DRAFT_APPROVED, draft_id=new_id()
        )
        await hear(quick)  # all of them have been offered to the slow one
        await asyncio.sleep(1)
        grown = await database_sync_to_async(resident)(web.process.pid) - before

        assert await read_to_the_end(client) == 4008
        assert grown < 60_000_000


async def test_others_hear_on_time_while_one_does_not_read(web, key, inbox):
    async with web.listen_with(key, max_queue=2) as slow, web.listen_with(key) as quick:
        await subscribe(slow)
        await subscribe(quick, event_types=["draft.approved"])
        await database_sync_to_async(tell_many)(inbox, 40, subject=BIG)
        began = time.perf_counter()
        await database_sync_to_async(tell)(
            inbox.workspace_id, inbox.pk, type=EventType.DRAFT_APPROVED, draft_id=new_id()
        )
        await hear(quick)

        assert time.perf_counter() - began < 5


async def test_a_catch_up_goes_at_the_readers_pace_and_loses_nothing(web, key, inbox):
    async with web.listen_with(key) as client:
        cursor = (await subscribe(client))["cursor"]
    await database_sync_to_async(tell_many)(inbox, 60, subject=BIG)
    async with web.listen_with(key, max_queue=2) as client:
        await subscribe(client, after=cursor)
        await asyncio.sleep(1)
        heard = [(await hear(client))["event_id"] for _ in range(60)]

    assert len(set(heard)) == 60


async def test_a_frame_fits_what_clients_take_and_says_what_was_cut(web, key, inbox, letter):
    async with web.listen_with(key) as client:  # Its own limit is 1 MiB.
        await subscribe(client)
        await database_sync_to_async(tell)(inbox.workspace_id, inbox.pk, message_id=letter.pk)
        frame = await hear(client)

    assert frame["message"]["truncated"] is True
    assert len(frame["message"]["plain_body"]) < len(letter.plain_body)
