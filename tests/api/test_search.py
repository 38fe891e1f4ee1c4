"""`q` with operators, over messages and threads."""

from datetime import UTC, datetime

import pytest

from inboxes.models import Message
from tests.api.conftest import make_message, make_thread

ANN = {"header_from": "ann@customer.example", "from_name": "Ann Smith"}
BOB = {"header_from": "bob@other.example", "from_name": "Bob"}
TO_SALES = {"to": [{"name": "Sales Team", "address": "sales@acme.example"}]}


def written(thread, subject, body, **fields) -> Message:
    """A message with its vector, as arrival makes it."""
    message = make_message(thread, subject=subject, plain_body=body, **fields)
    people = [(message.from_name, message.header_from)]
    people += [(each["name"], each["address"]) for each in message.to]
    names = " ".join(f"{name} {each} {each.replace('@', ' ')}" for name, each in people)
    Message.objects.filter(pk=message.pk).update(search_names=names)
    return message


@pytest.fixture
def mails(inbox) -> dict[str, Message]:
    old = datetime(2026, 1, 5, 12, tzinfo=UTC)
    first = make_thread(inbox)
    second = make_thread(inbox, category="billing")
    return {
        "invoice": written(first, "The last invoice", "Please refund it, bob", **ANN),
        "answer": written(
            second, "Hello", "About the last invoice", **BOB, **TO_SALES, has_attachments=False
        ),
        "old": written(second, "Old", "Long ago", **ANN, created_at=old, is_read=True),
        "spam": written(second, "Spam", "Buy", **BOB, labels=["spam", "two words"]),
    }


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("from:ann@customer.example", {"invoice", "old"}),
        ("from:Ann@CUSTOMER.example refund", {"invoice"}),
        ("from:ann", {"invoice", "old"}),
        ("from:smi", {"invoice", "old"}),
        ("from:bob", {"answer", "spam"}),
        ("from:@other.example", {"answer", "spam"}),
        ("-from:bob", {"invoice", "old"}),
        ("to:sales@acme.example", set()),
        ("to:support@acme.example", {"invoice", "answer", "old", "spam"}),
        ("to:sales", {"answer"}),
        ('to:"Sales Team"', {"answer"}),
        ("subject:invoice", {"invoice"}),
        ('subject:"last invoice"', {"invoice"}),
        ('subject:"invoice last"', set()),
        ('"last invoice"', {"invoice", "answer"}),
        ("has:attachment", {"invoice", "old", "spam"}),
        ("-has:attachment", {"answer"}),
        ("is:unread -label:spam", {"invoice", "answer"}),
        ("is:read", {"old"}),
        ("before:2026-02-01", {"old"}),
        ("after:2026-02-01 from:ann", {"invoice"}),
        ("label:spam", {"spam"}),
        ('label:"two words"', {"spam"}),
        ("colour:red", set()),
        ("subject:'\\:*|&!()", set()),
        ("from:'", set()),
    ],
)
def test_operators_narrow(client, inbox, mails, q, found):
    answer = client.get(f"/v1/inboxes/{inbox.pk}/messages", {"q": q})
    assert answer.status_code == 200
    names = {str(message.pk): name for name, message in mails.items()}
    assert {names[one["id"]] for one in answer.json()["messages"]} == found


def test_threads_are_found_by_what_their_messages_say(client, inbox, mails):
    answer = client.get(f"/v1/inboxes/{inbox.pk}/threads", {"q": "label:spam"})
    assert [one["id"] for one in answer.json()["threads"]] == [str(mails["spam"].thread_id)]


def test_threads_are_listed_by_category(client, inbox, mails):
    path = f"/v1/inboxes/{inbox.pk}/threads"
    (told,) = client.get(path, {"category": "billing"}).json()["threads"]
    assert told["id"] == str(mails["spam"].thread_id)
    assert client.get(path, {"category": "bugs"}).json()["threads"] == []
