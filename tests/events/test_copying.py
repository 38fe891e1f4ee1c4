"""New rows by COPY: what is stored, and what an error leaves behind."""

import pytest
from django.db import DataError, connection, transaction
from django.utils import timezone

from events.copying import copy_in
from events.models import AuditHead, Event, EventType

pytestmark = pytest.mark.django_db


def event(workspace_id, **values):
    return Event(
        workspace_id=workspace_id,
        type=EventType.MESSAGE_RECEIVED,
        created_at=timezone.now(),
        **values,
    )


def test_rows_are_stored_as_an_insert_would_store_them(workspace):
    made = event(workspace.pk, payload={"subject": 'a\tb\\N\n"\u00e9\U0001f600', "n": [1, None]})

    copy_in([made, event(workspace.pk)])

    stored = Event.objects.get(event_id=made.event_id)
    assert stored.payload == made.payload
    assert stored.created_at == made.created_at
    assert stored.transaction > 0
    assert stored.thread_id is None
    assert stored.type == "message.received"
    assert Event.objects.count() == 2


def test_octets_are_stored_as_they_are(workspace):
    octets = bytes(range(256))

    copy_in([AuditHead(workspace_id=workspace.pk, hash=octets, seal=memoryview(b"x"))])

    stored = AuditHead.objects.get()
    assert (bytes(stored.hash), bytes(stored.seal)) == (octets, b"x")


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        copy_in([])


@pytest.mark.parametrize("payload", [{"a": "\0"}, {"a": "\ud800"}])
def test_what_json_cannot_hold_is_an_error_and_the_connection_lives_on(workspace, payload):
    with pytest.raises((DataError, ValueError)), transaction.atomic():
        copy_in([event(workspace.pk), event(workspace.pk, payload=payload)])

    assert not Event.objects.exists()


def test_what_is_too_long_is_a_data_error_and_the_connection_lives_on(workspace):
    with pytest.raises(DataError), transaction.atomic():
        copy_in([event(workspace.pk) for _ in range(3000)] + [Event(type="x" * 41)])

    assert not Event.objects.exists()
    assert connection.is_usable()
