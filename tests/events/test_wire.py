"""Strict bodies, and pages that neither skip nor repeat."""

from datetime import UTC, datetime, timedelta

import pytest
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from events import wire
from events.errors import Invalid
from events.ids import new_id
from events.models import Event, EventType

MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)


class Reply(wire.StrictSerializer):
    plainBody = serializers.CharField(source="plain_body")  # noqa: N815
    metadata = serializers.JSONField(required=False)
    id = serializers.UUIDField(read_only=True)


def faults(body) -> dict[str, object]:
    serializer = Reply(data=body)
    assert not serializer.is_valid()
    return serializer.errors


def test_declared_fields_are_taken_under_their_inner_names():
    serializer = Reply(data={"plainBody": "Hi", "metadata": {"aB": 1}})

    assert serializer.is_valid()
    assert serializer.validated_data == {"plain_body": "Hi", "metadata": {"aB": 1}}


def test_an_unknown_field_is_refused_beside_every_other_fault():
    assert set(faults({"plain_body": "Hi", "id": str(new_id())})) == {
        *("plainBody", "plain_body", "id"),
    }


@pytest.mark.parametrize("metadata", [{"a": "\0"}, {"\0": 1}, {"a": ["\ud800"]}, "\udfff"])
def test_text_that_no_database_takes_is_refused(metadata):
    assert set(faults({"plainBody": "Hi", "metadata": metadata})) == {"metadata"}


def test_a_field_named_by_half_a_surrogate_pair_is_refused_in_letters_that_can_be_sent():
    assert [name.encode() for name in faults({"plainBody": "Hi", "\ud800": 1})] == [b"\\ud800"]


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_what_is_no_object_is_refused(body):
    assert faults(body)


def make(count: int, since: datetime = MORNING) -> list[Event]:
    """Events, three to a moment, so that ties are many."""
    return Event.objects.bulk_create(
        Event(
            type=EventType.MESSAGE_SENT,
            workspace_id=new_id(),
            created_at=since + timedelta(seconds=number // 3),
        )
        for number in range(count)
    )


def ask(plural: str = "events", order: wire.Order = wire.NEWEST_FIRST, **query):
    request = Request(APIRequestFactory().get("/", query))
    return wire.page(
        request,
        Event.objects.all(),
        plural=plural,
        order=order,
        serialize=lambda rows: [row.pk for row in rows],
    )


@pytest.mark.django_db
@pytest.mark.parametrize("order", [wire.NEWEST_FIRST, wire.OLDEST_FIRST])
def test_walking_by_cursor_meets_every_row_once(order):
    made = [event.pk for event in make(20)]
    met, cursor = [], None
    while True:
        page = ask(order=order, limit="3", **({"cursor": cursor} if cursor else {}))
        met += page["events"]
        cursor = page["pagination"]["nextCursor"]
        if cursor is None:
            break

    assert met == (made[::-1] if order.newest_first else made)


@pytest.mark.django_db
def test_walking_by_cursor_is_not_disturbed_by_new_rows():
    made = [event.pk for event in make(6)]
    first = ask(limit="3")
    make(30, since=MORNING + timedelta(hours=1))
    second = ask(limit="3", cursor=first["pagination"]["nextCursor"])

    assert first["events"] + second["events"] == made[::-1]


@pytest.mark.django_db
def test_a_page_tells_total_limit_and_offset():
    make(7)

    assert ask(limit="2", offset="3")["pagination"] | {"nextCursor": ""} == {
        "total": 7,
        "limit": 2,
        "offset": 3,
        "nextCursor": "",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", "0"), ("limit", "201"), ("limit", ""), ("limit", "1e2"), ("limit", "٣")),
        *(("offset", "-1"), ("offset", "10001"), ("offset", "9" * 30)),
        *(("cursor", "x"), ("cursor", "é"), ("cursor", "\0"), ("cursor", "AAAA")),
    ],
)
def test_a_parameter_that_cannot_be_taken_is_named(name, value):
    with pytest.raises(Invalid) as refused:
        ask(**{name: value})

    assert list(refused.value.details) == [name]


@pytest.mark.django_db
def test_the_cursor_of_another_list_is_refused():
    make(5)
    cursor = ask(limit="2")["pagination"]["nextCursor"]

    with pytest.raises(Invalid):
        ask(plural="messages", cursor=cursor)


@pytest.mark.django_db
def test_offset_and_cursor_together_are_refused():
    make(5)
    cursor = ask(limit="2")["pagination"]["nextCursor"]

    with pytest.raises(Invalid):
        ask(cursor=cursor, offset="2")


@pytest.mark.django_db
def test_a_total_is_exact_up_to_ten_thousand_and_never_below_what_was_seen(monkeypatch):
    make(40)
    assert wire.count(Event.objects.all()) == 40

    monkeypatch.setattr(wire, "COUNTED_EXACTLY", 10)
    assert wire.count(Event.objects.all()) >= 11


@pytest.mark.django_db
def test_a_page_is_three_queries_at_most(django_assert_max_num_queries):
    make(30)
    with django_assert_max_num_queries(3):
        ask(limit="20")


def test_a_moment_is_written_in_utc_with_a_z():
    assert wire.moment(MORNING) == "2026-03-01T08:00:00.000000Z"
