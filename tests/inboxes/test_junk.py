"""What is in Junk: out of lists, threads and events, and back by taking a label away."""

from dataclasses import replace

import pytest
from django.db.models import Q

from events.frames import flat, plainly
from events.models import Event
from events.subscription import Subscription
from events.webhooks.feeding import wants
from events.webhooks.models import Webhook
from inboxes.findings import Findings
from inboxes.marks import label_message, mark_read, trash
from inboxes.models import Message
from tests.inboxes.letters import compose, deliver, envelope_for

pytestmark = pytest.mark.django_db
SPAM = Findings(labels=("spam",))


def received(inbox, findings=SPAM, **fields):
    (message,) = deliver(replace(envelope_for(inbox), findings=findings), compose(**fields))
    return Message.objects.select_related("thread").get(pk=message.pk)


class Everywhere:
    def where(self, *deed, **columns):
        return Q()


def folder(message):
    return message.entries.get().folder.role


def test_spam_is_in_no_list_unless_it_is_asked_for(inbox):
    message = received(inbox)

    assert list(Message.objects.listed()) == []
    assert list(Message.objects.listed(include_spam=True)) == [message]


def test_spam_on_a_thread_changes_nothing_of_it(inbox):
    first = received(inbox, Findings())
    reply = {"message_id": "m2@x", "in_reply_to": "<m1@customer.example>", "subject": "Re: x"}
    spam = received(inbox, **reply)
    first.thread.refresh_from_db()

    assert spam.thread_id == first.thread_id
    assert (first.thread.message_count, first.thread.unread_count) == (1, 1)
    assert first.thread.head_id == first.pk


def test_label_taken_away_brings_it_to_the_inbox(inbox):
    message = received(inbox)
    label_message(message, add=(), remove=["spam"])
    message = Message.objects.select_related("thread").get(pk=message.pk)

    assert (folder(message), message.is_spam) == ("inbox", False)
    assert (message.thread.message_count, message.thread.unread_count) == (1, 1)
    assert message.thread.head_id == message.pk


def test_label_added_puts_it_into_junk(inbox):
    message = received(inbox, Findings())
    label_message(message, add=["spam"], remove=())
    message = Message.objects.select_related("thread").get(pk=message.pk)

    assert (folder(message), message.is_spam) == ("junk", True)
    assert message.thread.message_count == 0


def test_all_hear_of_what_was_put_into_junk_by_hand(inbox):
    message = received(inbox, Findings())
    label_message(message, add=["spam"], remove=())

    event = Event.objects.latest("id")
    assert (event.type, event.message_id) == ("thread.updated", message.pk)
    assert (event.payload["in_junk"], event.payload["message_labels"]) == (True, ["spam"])
    assert Subscription().wants(event)
    told = flat(plainly([event], 0)[0])
    assert (told["inJunk"], told["messageId"]) == (True, str(message.pk))


def test_what_comes_out_of_junk_is_told_as_received_to_those_who_never_heard_of_it(inbox):
    message = received(inbox)
    label_message(message, add=(), remove=["spam"])

    heard = [each for each in Event.objects.order_by("id") if Subscription().wants(each)]
    assert [each.type for each in heard] == ["thread.updated", "message.received"]
    assert heard[0].payload["in_junk"] is False
    assert heard[1].message_id == message.pk
    assert heard[1].payload["subject"] == message.subject


def test_what_was_received_is_not_received_again_when_it_comes_back(inbox):
    message = received(inbox, Findings())
    for _ in range(2):
        label_message(message, add=["spam"], remove=())
        label_message(message, add=(), remove=["spam"])

    assert Event.objects.filter(type="message.received").count() == 1
    assert Event.objects.filter(type="thread.updated").count() == 4


def test_what_comes_out_of_junk_into_the_trash_is_no_news(inbox):
    message = received(inbox)
    trash(message)
    label_message(message, add=(), remove=["spam"])

    assert not any(
        e.type == "message.received" for e in Event.objects.all() if "spam" not in e.payload
    )


def test_other_labels_move_nothing(inbox):
    message = received(inbox)
    label_message(message, add=["later"], remove=())

    assert folder(message) == "junk"


def test_reading_and_trashing_spam_counts_nothing(inbox):
    message = received(inbox)
    mark_read(message)
    mark_read(message, is_read=False)
    trash(message)
    message.thread.refresh_from_db()

    assert message.thread.unread_count == 0


def test_event_of_spam_is_for_those_who_ask(inbox):
    received(inbox)
    event = Event.objects.get()
    told = [Subscription(include_spam=asked).wants(event) for asked in (False, True)]
    found = [
        Event.objects.filter(Subscription(include_spam=asked).where(Everywhere())).count()
        for asked in (False, True)
    ]
    assert told == [False, True]
    assert found == [0, 1]


def test_webhook_is_told_of_spam_only_where_it_asks(inbox):
    received(inbox)
    event = Event.objects.get()
    webhook = Webhook(workspace_id=inbox.workspace_id, events=["message.received"])

    assert not wants(webhook, event, 0)
    webhook.include_spam = True
    assert wants(webhook, event, 0)
