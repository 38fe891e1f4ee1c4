"""GET /v1/events: the same log for who cannot hold a socket open."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIRequestFactory

from accounts.api.events import Events
from accounts.models import ApiKey
from accounts.scope import Scope
from events import log
from events.models import Event, EventType
from tests.events.listening import tell

pytestmark = pytest.mark.django_db(transaction=True)
CAMEL = {"event", "eventId", "createdAt", "inboxId", "messageId", "threadId", "draftId", "cursor"}


@pytest.fixture
def poll(key):
    """Ask the view as the key's owner would; answers (status, body)."""

    def ask(**query):
        request = APIRequestFactory().get("/v1/events", query, headers={"X-API-Key": key})
        response = Events.as_view()(request)
        return response.status_code, response.data

    return ask


def test_events_come_oldest_first_in_camel_case_with_the_bodies(poll, inbox, letter):
    tell(
        inbox.workspace_id,
        inbox.pk,
        message_id=letter.pk,
        attachments=[{"id": "1", "filename": "a", "content_type": "text/plain", "size_bytes": 3}],
    )
    tell(inbox.workspace_id, inbox.pk, type=EventType.MESSAGE_SENT)

    status, body = poll()

    first, second = body["events"]
    assert status == 200
    assert (first["event"], second["event"]) == ("message.received", "message.sent")
    assert set(first) >= CAMEL | {"from", "to", "plainBody", "htmlBody", "replyText"}
    assert first["plainBody"].startswith('"é')
    assert first["truncated"] is True
    assert first["attachments"][0]["contentType"] == "text/plain"


def test_walking_by_cursor_repeats_and_skips_nothing(poll, inbox):
    for number in range(7):
        tell(inbox.workspace_id, inbox.pk, subject=str(number))
    seen, after = [], ""
    while True:
        _, body = poll(after=after, limit="3")
        if not body["events"]:
            break
        seen += [event["subject"] for event in body["events"]]
        after = body["pagination"]["nextCursor"]

    assert seen == [str(number) for number in range(7)]


def test_a_cursor_from_an_empty_page_finds_what_comes_later(poll, inbox):
    _, empty = poll()
    tell(inbox.workspace_id, inbox.pk)
    _, body = poll(after=empty["pagination"]["nextCursor"])

    assert len(body["events"]) == 1


def test_a_stranger_sees_nothing(poll, strange_inbox):
    tell(strange_inbox.workspace_id, strange_inbox.pk)

    assert poll()[1]["events"] == []
    assert poll(inboxId=str(strange_inbox.pk))[0] == 404


def test_types_and_inbox_narrow_the_list(poll, inbox):
    tell(inbox.workspace_id, inbox.pk)
    tell(inbox.workspace_id, inbox.pk, type=EventType.MESSAGE_SENT)

    _, body = poll(types="message.sent,draft.sent", inboxId=str(inbox.pk))

    assert [event["event"] for event in body["events"]] == ["message.sent"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("after", "yesterday"), ("after", "\0"), ("types", "message.eaten")),
        *(("inboxId", "me"), ("limit", "0"), ("limit", "201"), ("limit", "-1"), ("limit", "²")),
    ],
)
def test_a_parameter_that_cannot_be_taken_is_named(poll, name, value):
    status, body = poll(**{name: value})

    assert (status, body["code"]) == (400, "VALIDATION_ERROR")
    assert name in body["details"]


def test_a_cursor_older_than_the_log_is_refused_with_409(poll, inbox):
    _, before = poll()
    tell(inbox.workspace_id, inbox.pk)
    Event.objects.update(created_at=timezone.now() - timedelta(days=8))
    log.prune(timezone.now())

    status, body = poll(after=before["pagination"]["nextCursor"])

    assert (status, body["code"]) == (409, "CURSOR_EXPIRED")
    assert "7 days" in body["error"]


def test_a_page_costs_the_same_queries_however_many_events(
    poll, inbox, django_assert_max_num_queries
):
    for _ in range(40):
        tell(inbox.workspace_id, inbox.pk)

    with django_assert_max_num_queries(8):
        poll(limit="40")


def test_the_scope_of_a_key_is_what_the_log_asks_for(inbox, key):
    scope = Scope.of_key(ApiKey.objects.get())

    assert scope.reaches(inbox.workspace_id, inbox.pk, "read")


def test_a_cursor_may_be_called_as_in_other_lists(poll, inbox):
    for number in range(3):
        tell(inbox.workspace_id, inbox.pk, subject=str(number))
    _, first = poll(limit="1")
    place = first["pagination"]["nextCursor"]
    _, by_cursor = poll(cursor=place)
    _, by_after = poll(after=place)
    assert [each["subject"] for each in by_cursor["events"]] == ["1", "2"]
    assert by_cursor["events"] == by_after["events"]
    other = by_after["pagination"]["nextCursor"]
    for query, field in (
        ({"cursor": place, "after": other}, "cursor"),
        ({"cursor": "no cursor"}, "cursor"),
    ):
        status, body = poll(**query)
        assert (status, list(body["details"])) == (400, [field])
