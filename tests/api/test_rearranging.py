"""Threads merged and split by hand, and back again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from drafts import review
from drafts.models import Draft
from events.models import Event
from inboxes.models import Message, Thread
from tests.api.conftest import make_message, make_thread
from tests.api.test_tenants import refusal


@pytest.fixture
def path(inbox) -> str:
    return f"/v1/inboxes/{inbox.pk}/threads"


@pytest.fixture
def two(inbox) -> tuple[Thread, Thread]:
    """Each with two messages; theirs come in turn."""
    threads = make_thread(inbox), make_thread(inbox)
    start = timezone.now()
    for number in range(4):
        make_message(
            threads[number % 2],
            created_at=start + timedelta(seconds=number),
            header_from=f"{number}@customer.example",
            preview=f"number {number}",
        )
    return threads


def messages(thread: Thread) -> list[str]:
    rows = Message.objects.filter(thread=thread).order_by("created_at")
    return list(rows.values_list("preview", flat=True))


def test_merging_brings_all_together(client, path, two):
    one, other = two
    told = client.post(f"{path}/{one.pk}/merge", {"threadIds": [str(other.pk)]})
    assert (told.status_code, told.json()["messageCount"]) == (200, 4)
    assert (told.json()["preview"], told.json()["unreadCount"]) == ("number 3", 4)
    assert "3@customer.example" in told.json()["participants"]
    assert [each["id"] for each in client.get(path).json()["threads"]] == [str(one.pk)]
    one.refresh_from_db()
    assert one.head_id == Message.objects.get(preview="number 3").pk


def test_a_merge_is_undone_by_giving_the_thread_back(client, path, inbox, two):
    one, other = two
    third = make_thread(inbox)
    make_message(third, preview="third")
    client.post(f"{path}/{other.pk}/merge", {"threadIds": [str(third.pk)]})
    client.post(f"{path}/{one.pk}/merge", {"threadIds": [str(other.pk)]})
    told = client.post(f"{path}/{one.pk}/split", {"threadId": str(other.pk)})
    assert (told.status_code, told.json()["id"]) == (201, str(other.pk))
    assert messages(one) == ["number 0", "number 2"]
    assert set(messages(other)) == {"number 1", "number 3", "third"}
    client.post(f"{path}/{other.pk}/split", {"threadId": str(third.pk)})
    assert messages(third) == ["third"] and messages(other) == ["number 1", "number 3"]


def test_splitting_moves_what_is_later_and_merging_brings_it_back(client, path, two):
    one, _ = two
    later = Message.objects.get(preview="number 2")
    told = client.post(f"{path}/{one.pk}/split", {"fromMessageId": str(later.pk)})
    apart = Thread.objects.get(pk=told.json()["id"])
    assert (messages(one), messages(apart)) == (["number 0"], ["number 2"])
    assert told.json()["participants"][0] == "2@customer.example"
    one.refresh_from_db()
    assert (one.message_count, one.preview, apart.message_count) == (1, "number 0", 1)
    assert Event.objects.filter(type="thread.updated").count() == 2
    client.post(f"{path}/{one.pk}/merge", {"threadIds": [str(apart.pk)]})
    assert messages(one) == ["number 0", "number 2"]


def test_a_draft_goes_with_the_message_that_it_answers(client, path, inbox, two):
    one, _ = two
    later = Message.objects.get(preview="number 2")
    draft = review.create(inbox, by="test", reply_to_message=later, plain_body="Hello")
    told = client.post(f"{path}/{one.pk}/split", {"fromMessageId": str(later.pk)})
    assert str(Draft.objects.get(pk=draft.pk).thread_id) == told.json()["id"]


def test_the_first_message_cannot_be_split_off(client, path, two):
    first = Message.objects.get(preview="number 0")
    response = client.post(f"{path}/{two[0].pk}/split", {"fromMessageId": str(first.pk)})
    assert refusal(response) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", [{}, {"fromMessageId": "x"}, {"threadIds": []}])
def test_odd_splits_are_refused(client, path, two, body):
    assert client.post(f"{path}/{two[0].pk}/split", body).status_code == 400


def test_what_was_not_merged_is_not_given_back(client, path, two):
    response = client.post(f"{path}/{two[0].pk}/split", {"threadId": str(two[1].pk)})
    assert refusal(response) == (409, "NOT_MERGED")


def test_a_thread_is_not_merged_into_itself_nor_twice(client, path, two):
    one, other = two
    assert client.post(f"{path}/{one.pk}/merge", {"threadIds": [str(one.pk)]}).status_code == 400
    for status in (200, 404):
        response = client.post(f"{path}/{one.pk}/merge", {"threadIds": [str(other.pk)]})
        assert response.status_code == status


def test_threads_of_other_inboxes_cannot_be_taken(client, path, two, strange_inbox):
    theirs = make_thread(strange_inbox)
    message = make_message(theirs)
    merging = client.post(f"{path}/{two[0].pk}/merge", {"threadIds": [str(theirs.pk)]})
    assert refusal(merging) == (404, "NOT_FOUND")
    splitting = client.post(f"{path}/{two[0].pk}/split", {"fromMessageId": str(message.pk)})
    assert refusal(splitting) == (404, "NOT_FOUND")
    giving = client.post(f"{path}/{two[0].pk}/split", {"threadId": str(theirs.pk)})
    assert refusal(giving) == (404, "NOT_FOUND")
