"""Which conversation a message belongs to, whatever the order in which things come."""

import threading

import pytest
from django.db import connection

from events.models import Event, EventType
from inboxes import notices
from inboxes.arrival import deliver, deliver_many
from inboxes.models import Message, Thread
from tests.inboxes.letters import arrive, compose, envelope_for, references

OUTLOOK = "Ac7Q5yUx2PxTkUeOQp6rGmJ3sVbN0g=="  # 22 octets
OUTLOOK_REPLY = "Ac7Q5yUx2PxTkUeOQp6rGmJ3sVbN0gAAAAEB"


def test_a_reply_joins_the_thread_of_its_parent(inbox):
    first = arrive(inbox)

    reply = arrive(inbox, message_id="m2@x.example", in_reply_to="<m1@customer.example>")

    assert reply.thread_id == first.thread_id
    assert reply.threaded_by == "reference"


def test_in_reply_to_is_nearer_than_references(inbox):
    arrive(inbox, message_id="far@x.example", subject="Far")
    near = arrive(inbox, message_id="near@x.example", subject="Near")

    reply = arrive(
        inbox,
        message_id="r@x.example",
        in_reply_to="<near@x.example>",
        references=references("near@x.example", "far@x.example"),
    )

    assert reply.thread_id == near.thread_id


def test_of_the_references_the_last_that_we_hold_counts(inbox):
    arrive(inbox, message_id="old@x.example", subject="Old")
    newer = arrive(inbox, message_id="newer@x.example", subject="Newer")

    reply = arrive(
        inbox,
        message_id="r@x.example",
        in_reply_to="<never-seen@x.example>",
        references=references("old@x.example", "newer@x.example", "cut-o"),
    )

    assert reply.thread_id == newer.thread_id


def test_references_reach_nothing_in_another_inbox(inbox, strange_inbox):
    arrive(strange_inbox)

    reply = arrive(inbox, message_id="m2@x.example", in_reply_to="<m1@customer.example>")

    assert reply.threaded_by == "new"
    assert reply.thread.inbox_id == inbox.pk


def test_a_parent_that_comes_late_adopts_its_child(inbox):
    child = arrive(inbox, message_id="c@x.example", in_reply_to="<p@x.example>", subject="Re: A")

    parent = arrive(inbox, message_id="p@x.example", subject="A")

    assert parent.thread_id == child.thread_id
    assert Thread.objects.count() == 1
    assert Thread.objects.get().message_count == 2


def test_two_answers_to_a_message_never_seen_belong_together(inbox):
    one = arrive(inbox, message_id="1@x.example", in_reply_to="<p@x.example>", subject="Re: A")
    other = arrive(inbox, message_id="2@x.example", in_reply_to="<p@x.example>", subject="Re: A")

    assert one.thread_id == other.thread_id


def test_a_late_parent_brings_the_threads_of_its_family_together(inbox):
    root = arrive(inbox, message_id="root@x.example", subject="A")
    child = arrive(
        inbox, message_id="c@x.example", in_reply_to="<p@x.example>", subject="Different"
    )
    assert child.thread_id != root.thread_id

    parent = arrive(inbox, message_id="p@x.example", in_reply_to="<root@x.example>")

    child.refresh_from_db()
    assert parent.thread_id == child.thread_id == root.thread_id
    assert Thread.objects.get(pk=root.thread_id).message_count == 3


def test_a_merged_thread_remembers_where_it_went_and_its_messages_whence_they_came(inbox):
    arrive(inbox, message_id="root@x.example", subject="A")
    child = arrive(inbox, message_id="c@x.example", in_reply_to="<p@x.example>", subject="B")
    before = child.thread_id
    heard = []
    notices._merge_listeners.append(lambda thread, merged: heard.append((thread.pk, merged[0].pk)))

    try:
        parent = arrive(inbox, message_id="p@x.example", in_reply_to="<root@x.example>")
    finally:
        notices._merge_listeners.pop()

    gone = Thread.objects.get(pk=before)
    assert (gone.merged_into_id, gone.message_count) == (parent.thread_id, 0)
    child.refresh_from_db()
    assert child.merged_from == before
    assert heard == [(parent.thread_id, before)]
    event = Event.objects.get(type=EventType.THREAD_UPDATED)
    assert event.payload == {"merged_into": str(parent.thread_id)}


def test_without_usable_header_a_reply_of_a_participant_joins_by_subject(inbox):
    first = arrive(inbox, subject="Order 17")

    reply = arrive(inbox, minutes=60, message_id="m2@x.example", subject="AW: Re: Order  17")

    assert reply.thread_id == first.thread_id
    assert reply.threaded_by == "subject"


def test_a_stranger_with_the_same_subject_is_not_let_in(inbox):
    first = arrive(inbox, subject="Invoice")

    other = arrive(
        inbox, message_id="m2@x.example", subject="Re: Invoice", sender="eve@evil.example"
    )

    assert other.thread_id != first.thread_id


def test_a_colleague_in_cc_of_both_links_no_two_customers(inbox):
    first = arrive(inbox, subject="Invoice", cc="boss@acme.example")

    other = arrive(
        inbox,
        message_id="m2@x.example",
        subject="Re: Invoice",
        sender="eve@evil.example",
        cc="boss@acme.example",
    )

    assert other.thread_id != first.thread_id


def test_a_new_message_with_an_old_subject_is_a_new_thread(inbox):
    first = arrive(inbox, subject="Order 17")

    other = arrive(inbox, message_id="m2@x.example", subject="Order 17")

    assert other.thread_id != first.thread_id


def test_after_fourteen_days_a_subject_joins_nothing(inbox):
    first = arrive(inbox, subject="Order 17")

    other = arrive(
        inbox, minutes=14 * 24 * 60 + 1, message_id="m2@x.example", subject="Re: Order 17"
    )

    assert other.thread_id != first.thread_id


def test_outlooks_index_is_a_hint_of_the_same_kind(inbox):
    first = arrive(inbox, thread_index=OUTLOOK)

    reply = arrive(
        inbox, message_id="m2@x.example", subject="Something else", thread_index=OUTLOOK_REPLY
    )
    stranger = arrive(
        inbox, message_id="m3@x.example", sender="eve@evil.example", thread_index=OUTLOOK_REPLY
    )

    assert (reply.thread_id, reply.threaded_by) == (first.thread_id, "index")
    assert stranger.thread_id != first.thread_id


def test_a_copy_by_another_way_is_on_the_same_thread(inbox):
    first = arrive(inbox)

    copy = arrive(inbox, body="It is on fire.\n-- \nsent through a list")

    assert copy.pk != first.pk
    assert copy.thread_id == first.thread_id


def test_a_thread_counts_its_messages_and_knows_its_people_and_its_head(inbox):
    arrive(inbox, cc="bob@customer.example")
    Thread.objects.update(status=Thread.Status.RESOLVED)

    reply = arrive(
        inbox,
        minutes=5,
        message_id="m2@x.example",
        in_reply_to="<m1@customer.example>",
        sender="Bob <bob@customer.example>",
        body="Mine too.",
    )

    thread = Thread.objects.get()
    assert (thread.message_count, thread.unread_count) == (2, 2)
    assert thread.head_id == reply.pk
    assert thread.last_message_at == thread.last_inbound_at == reply.received_at
    assert thread.preview == "Mine too."
    assert thread.status == "open"
    assert thread.participants == [
        "ann@customer.example",
        "support@acme.example",
        "bob@customer.example",
    ]


def test_relatives_that_wait_together_find_each_other(inbox):
    mails = [
        (envelope_for(inbox), compose(message_id="c@x.example", in_reply_to="<b@x.example>")),
        (envelope_for(inbox), compose(message_id="a@x.example")),
        (envelope_for(inbox), compose(message_id="b@x.example", in_reply_to="<a@x.example>")),
        (envelope_for(inbox), compose(message_id="other@x.example")),
    ]

    deliver_many(mails)

    by_id = dict(Message.objects.values_list("header_message_id", "thread_id"))
    assert by_id["a@x.example"] == by_id["b@x.example"] == by_id["c@x.example"]
    assert by_id["other@x.example"] != by_id["a@x.example"]


def test_placing_a_message_takes_the_same_few_queries_on_a_long_thread(
    inbox, django_assert_num_queries
):
    line = ["m1@customer.example"]
    arrive(inbox)
    for n in range(2, 30):
        arrive(inbox, message_id=f"{n}@x.example", references=references(*line))
        line.append(f"{n}@x.example")

    with django_assert_num_queries(14):
        arrive(inbox, message_id="last@x.example", references=references(*line))


@pytest.mark.django_db(transaction=True)
def test_parent_and_child_that_arrive_in_the_same_moment_find_each_other(inbox):
    def store(*mails):
        try:
            for mail in mails:
                deliver(*mail)
        finally:
            connection.close()

    parents = [(envelope_for(inbox), compose(message_id=f"p{n}@x.example")) for n in range(20)]
    children = [
        (
            envelope_for(inbox),
            compose(
                message_id=f"c{n}@x.example", in_reply_to=f"<p{n}@x.example>", subject=f"Re: {n}"
            ),
        )
        for n in range(20)
    ]
    threads = [threading.Thread(target=store, args=mails) for mails in (parents, children)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Message.objects.count() == 40
    assert Message.objects.values("thread_id").distinct().count() == 20
