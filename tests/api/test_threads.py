from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event
from tests.api.conftest import make_message, make_thread


@pytest.fixture
def path(inbox) -> str:
    return f"/v1/inboxes/{inbox.pk}/threads"


def ids(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [thread["id"] for thread in response.json()["threads"]]


def test_a_conversation_comes_whole_oldest_first_with_bodies(client, path, thread):
    made = [str(make_message(thread).pk) for _ in range(3)]
    told = client.get(f"{path}/{thread.pk}").json()
    assert told["threadId"] == told["id"] == str(thread.pk)
    assert [message["id"] for message in told["messages"]] == made
    assert told["messages"][0]["plainBody"] == "It is broken."
    assert (told["messageCount"], told["status"]) == (3, "open")
    assert told["messages"][0]["isRead"] is False


def test_threads_are_listed_by_activity(client, path, inbox):
    now = timezone.now()
    quiet = make_thread(inbox, message_count=1, last_message_at=now - timedelta(days=1))
    busy = make_thread(inbox, message_count=1, last_message_at=now)
    response = client.get(path)
    assert ids(response) == [str(busy.pk), str(quiet.pk)]
    assert "messages" not in response.json()["threads"][0]


def test_filters_narrow(client, path, inbox):
    now = timezone.now()
    plain = make_thread(inbox, message_count=1, last_message_at=now - timedelta(days=2))
    marked = make_thread(
        inbox,
        status="resolved",
        message_count=1,
        labels=["vip"],
        participants=["eve@customer.example"],
        last_message_at=now,
    )
    for query, expected in [
        ({"status": "resolved"}, [marked]),
        ({"label": "vip"}, [marked]),
        ({"label": "none"}, []),
        ({"participant": "Eve@customer.example"}, [marked]),
        ({"since": (now - timedelta(days=1)).isoformat()}, [marked]),
        ({"status": "open"}, [plain]),
    ]:
        assert ids(client.get(path, query)) == [str(one.pk) for one in expected], query


def test_a_merged_thread_is_not_listed(client, path, inbox, thread):
    make_message(thread)
    make_thread(inbox, merged_into=thread)
    assert ids(client.get(path)) == [str(thread.pk)]


def test_state_labels_and_category_are_set_and_told(client, path, thread):
    change = {"status": "waiting", "category": "billing", "addLabels": ["vip", "de"]}
    told = client.patch(f"{path}/{thread.pk}", change).json()
    assert (told["status"], told["category"]) == ("waiting", "billing")
    assert told["labels"] == ["vip", "de"]
    event = Event.objects.get(type="thread.updated")
    assert (event.thread_id, event.payload["status"]) == (thread.pk, "waiting")


def test_saying_what_is_so_already_tells_nobody(client, path, thread):
    client.patch(f"{path}/{thread.pk}", {"status": "open", "removeLabels": ["x"]})
    assert not Event.objects.exists()


@pytest.mark.parametrize("change", [{"status": "gone"}, {"category": "x" * 61}, {"labels": []}])
def test_odd_changes_are_refused(client, path, thread, change):
    response = client.patch(f"{path}/{thread.pk}", change)
    assert list(response.json()["details"]) == list(change)


@pytest.mark.parametrize("rows", [5, 50])
def test_a_conversation_takes_as_many_queries_for_any_length(
    client, path, thread, rows, django_assert_num_queries
):
    for _ in range(rows):
        make_message(thread)
    client.get("/v1/me")
    with django_assert_num_queries(6):  # key, inbox, thread, messages, attachments, deliveries
        assert len(client.get(f"{path}/{thread.pk}").json()["messages"]) == rows


@pytest.mark.parametrize("rows", [5, 50])
def test_a_page_takes_as_many_queries_for_any_number_of_rows(
    client, path, inbox, rows, django_assert_num_queries
):
    for _ in range(rows):
        make_thread(inbox, message_count=1)
    client.get("/v1/me")
    with django_assert_num_queries(4):  # key, inbox, total, page
        assert len(ids(client.get(path))) == rows
