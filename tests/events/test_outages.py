"""Listening goes on through what happens at night: no broker, a database that restarts."""

import asyncio
import socket
import time

import psycopg
import pytest
from channels.db import database_sync_to_async
from django.db import connection

from tests.events.listening import (
    database_url,
    free_port,
    hear,
    start_web,
    stop_web,
    subscribe,
    tell,
)

tell_later = database_sync_to_async(tell)


@pytest.fixture
def web_without_broker(transactional_db):
    web = start_web(free_port(), REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    yield web
    stop_web(web)


def end_sessions_but(ours: int) -> None:
    """What a restart of the database does to whoever is connected."""
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
            [ours],
        )


async def test_without_a_broker_events_are_heard_within_two_seconds(web_without_broker, key, inbox):
    async with web_without_broker.listen_with(key) as client:
        await subscribe(client)
        took = []
        for _ in range(3):
            began = time.perf_counter()
            await tell_later(inbox.workspace_id, inbox.pk)
            await hear(client)
            took.append(time.perf_counter() - began)

        assert min(took) < 2  # the others may have waited for the machine


@pytest.fixture
def our_session(transactional_db) -> int:
    """The process of the database that serves this test."""
    connection.ensure_connection()
    return int(connection.connection.info.backend_pid)


async def test_what_happens_while_the_database_restarts_is_heard_afterwards(
    web, key, inbox, our_session
):
    async with web.listen_with(key) as client:
        await subscribe(client)
        await asyncio.to_thread(end_sessions_but, our_session)
        await tell_later(inbox.workspace_id, inbox.pk, subject="after the restart")

        assert (await hear(client))["message"]["subject"] == "after the restart"
        await client.send('{"type": "subscribe", "event_types": ["message.sent"]}')
        assert (await hear(client))["type"] in {"subscribed", "error"}


async def test_a_graceful_stop_says_goodbye_and_nothing_is_lost(transactional_db, key, inbox):
    web = await asyncio.to_thread(start_web, free_port())
    async with web.listen_with(key) as client:
        cursor = (await subscribe(client))["cursor"]
        await asyncio.to_thread(stop_web, web)
        await client.wait_closed()
    await tell_later(inbox.workspace_id, inbox.pk, subject="meanwhile")
    again = await asyncio.to_thread(start_web, free_port())
    try:
        async with again.listen_with(key) as client:
            await subscribe(client, after=cursor)

            assert (await hear(client))["message"]["subject"] == "meanwhile"
    finally:
        await asyncio.to_thread(stop_web, again)


def test_a_stopped_web_process_is_gone_within_ten_seconds(transactional_db):
    web = start_web(free_port())
    stop_web(web)

    assert web.process.returncode == 0
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", web.port), timeout=10):
        pass
