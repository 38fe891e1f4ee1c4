"""A real web process, for tests that listen over a socket."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.utils.timezone import now

from inboxes.models import Inbox, Message, Thread
from tests.database import database_url
from tests.events.listening import Web, free_port, start_web, stop_web


@pytest.fixture(scope="module")
def shared_web(django_db_setup: None) -> Iterator[Web]:
    web = start_web(free_port())
    yield web
    stop_web(web)


@pytest.fixture
def web(transactional_db: None, shared_web: Web) -> Web:
    """A web process on the test's database, whose rows other processes see."""
    return shared_web


@pytest.fixture
def other_connection(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own, in a transaction."""
    with psycopg.connect(database_url()) as other:
        yield other
        other.rollback()


@pytest.fixture
def letter(inbox: Inbox) -> Message:
    """A stored message with large bodies."""
    thread = Thread.objects.create(inbox=inbox, subject="Long", last_message_at=now())
    return Message.objects.create(
        inbox=inbox,
        thread=thread,
        direction=Message.Direction.INBOUND,
        status=Message.Status.RECEIVED,
        subject="Long",
        plain_body='"é\n' * 200_000,
        html_body="<p>\n</p>" * 100_000,
        reply_text='"é\n' * 200_000,
    )
