"""Mail that comes in: stored whole, once, in every inbox it is for."""

import hashlib
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from events.models import Event, EventType
from inboxes import arrival, letters, notices
from inboxes.arrival import MailLoops, deliver, deliver_many
from inboxes.models import Arrival, Attachment, Folder, FolderEntry, Message, MessageRaw, Thread
from inboxes.opening import open_inbox
from inboxes.tasks import prune_arrivals
from tests.inboxes.letters import NOON, arrive, compose, envelope_for


def test_octets_can_be_had_back_bit_for_bit(inbox):
    raw = compose(body="caf\u00e9 \x00 end") + b"\xff\xfe\x00 odd octets\r\n"

    (message,) = deliver(envelope_for(inbox), raw)

    kept = MessageRaw.objects.get(message=message)
    assert bytes(kept.octets) == raw
    assert bytes(kept.sha256) == hashlib.sha256(raw).digest()


def test_what_a_message_says_is_laid_out_in_columns(inbox):
    made = arrive(inbox, cc="Bob <BOB@Customer.Example>", reply_to="help@customer.example")

    message = Message.objects.get(pk=made.pk)
    assert message.header_from == "ann@customer.example"
    assert message.from_name == "Ann Example"
    assert message.to == [{"name": "", "address": "support@acme.example"}]
    assert message.recipients == ["support@acme.example", "bob@customer.example"]
    assert message.reply_to == [{"name": "", "address": "help@customer.example"}]
    assert message.header_message_id == "m1@customer.example"
    assert message.plain_body.strip() == "It is on fire."
    assert message.preview == "It is on fire."
    assert message.rcpt_to == "support@acme.example"
    assert (message.direction, message.status) == ("inbound", "received")
    assert message.metadata["received"]["from"] == "mx.customer.example"
    assert message.received_at == NOON
    assert not message.is_automated
    assert not message.is_read


def test_a_message_is_filed_in_inbox_under_ascending_uids(inbox):
    first = arrive(inbox)
    second = arrive(inbox, message_id="m2@customer.example")

    entries = FolderEntry.objects.filter(folder__inbox=inbox, folder__role="inbox")
    assert list(entries.order_by("uid").values_list("uid", "message_id")) == [
        (1, first.pk),
        (2, second.pk),
    ]
    folder = Folder.objects.get(inbox=inbox, role="inbox")
    assert (folder.uid_next, folder.highest_modseq) == (3, 3)


def test_an_arrival_is_told_with_its_attachments_and_without_bodies(inbox):
    raw = (
        b"From: ann@customer.example\r\nTo: support@acme.example\r\nSubject: Bill\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nsecret words\r\n"
        b"--b\r\nContent-Type: application/pdf\r\n"
        b"Content-Disposition: attachment; filename=a.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n"
    )

    (message,) = deliver(envelope_for(inbox), raw)

    event = Event.objects.get(type=EventType.MESSAGE_RECEIVED)
    attachment = Attachment.objects.get(message=message)
    assert (event.message_id, event.thread_id) == (message.pk, message.thread_id)
    assert (event.workspace_id, event.inbox_id) == (inbox.workspace_id, inbox.pk)
    assert event.payload == {
        "from": "ann@customer.example",
        "to": ["support@acme.example"],
        "subject": "Bill",
        "timestamp": NOON.isoformat(),
        "thread_subject": "Bill",
        "labels": [],
        "warnings": [],
        "attachments": [
            {
                "id": str(attachment.pk),
                "filename": "a.pdf",
                "content_type": "application/pdf",
                "size_bytes": 3,
                "content_id": "",
                "inline": False,
            }
        ],
    }


def test_a_retry_after_a_lost_250_makes_no_second_copy(inbox):
    first = arrive(inbox)

    again = arrive(inbox, minutes=5)

    assert again.pk == first.pk
    assert Message.objects.count() == 1
    assert Event.objects.filter(type=EventType.MESSAGE_RECEIVED).count() == 1


def test_a_retry_is_known_although_its_trace_fields_differ(inbox):
    raw = compose()
    deliver(envelope_for(inbox), b"Received: by one; now\r\n" + raw)

    deliver(envelope_for(inbox), b"Received: by two; later\r\n" + raw)

    assert Message.objects.count() == 1


def test_another_sender_or_other_octets_make_another_copy(inbox):
    arrive(inbox)
    arrive(inbox, body="It burns still.")
    arrive(inbox, mail_from="other@customer.example")

    assert Message.objects.count() == 3


def test_after_seven_days_the_same_message_is_a_new_one(inbox):
    arrive(inbox)

    arrive(inbox, minutes=8 * 24 * 60)

    assert Message.objects.count() == 2


def test_old_arrivals_are_forgotten(inbox):
    arrive(inbox)
    Arrival.objects.update(at=timezone.now() - timedelta(days=8))

    prune_arrivals()

    assert not Arrival.objects.exists()


def test_a_message_to_two_of_our_inboxes_makes_one_copy_in_each(inbox, strange_inbox):
    messages = deliver(envelope_for(inbox, strange_inbox, inbox), compose())

    assert {m.inbox_id for m in messages} == {inbox.pk, strange_inbox.pk}
    assert Message.objects.count() == 2
    assert len({m.thread_id for m in messages}) == 2


def test_many_that_wait_are_stored_in_a_fixed_number_of_queries(
    inbox, django_assert_max_num_queries
):
    mails = [(envelope_for(inbox), compose(message_id=f"n{n}@customer.example")) for n in range(30)]

    with django_assert_max_num_queries(15):
        outcomes = deliver_many(mails)

    assert [len(outcome) for outcome in outcomes] == [1] * 30
    uids = FolderEntry.objects.order_by("uid").values_list("uid", flat=True)
    assert list(uids) == list(range(1, 31))


def test_the_same_message_twice_among_those_that_wait_is_stored_once(inbox):
    one, other = deliver_many([(envelope_for(inbox), compose())] * 2)

    assert one[0].pk == other[0].pk
    assert Message.objects.count() == 1


def test_a_body_is_made_from_html_where_there_is_no_text(inbox):
    raw = (
        b"From: ann@customer.example\r\nTo: support@acme.example\r\n"
        b"Content-Type: text/html\r\n\r\n<p>Hello <b>there</b></p>\r\n"
    )

    (message,) = deliver(envelope_for(inbox), raw)

    assert message.plain_body.split() == ["Hello", "there"]
    assert "<b>" in message.html_body


def test_nul_and_lone_surrogates_never_reach_the_database(inbox):
    raw = compose(subject="a\0b", body="x\0y") + b"=?utf-8?q?=ED=A0=80?= \xed\xa0\x80\r\n"

    (message,) = deliver(envelope_for(inbox, mail_from="a\udc80@x.example"), raw)

    assert Message.objects.get(pk=message.pk).subject.startswith("a")


def test_a_message_that_cannot_be_stored_whole_is_stored_bare(inbox, monkeypatch):
    monkeypatch.setattr(letters, "_searched_names", lambda parsed: "\0")

    (message,) = deliver(envelope_for(inbox), compose())

    assert message.warnings == ["unreadable"]
    assert bytes(message.raw_record.octets) == compose()


def test_one_that_cannot_be_stored_keeps_no_other_out(inbox):
    def refuse(message: Message) -> None:
        if message.subject == "poison":
            raise RuntimeError("a listener is broken")

    notices._message_listeners.append(refuse)
    try:
        good, bad = deliver_many(
            [
                (envelope_for(inbox), compose(message_id="g@customer.example")),
                (envelope_for(inbox), compose(subject="poison")),
            ]
        )
    finally:
        notices._message_listeners.remove(refuse)

    assert len(good) == 1
    assert isinstance(bad, RuntimeError)
    assert Message.objects.get().subject == "My printer burns"


def test_a_reader_that_fails_loses_no_mail(inbox, monkeypatch):
    def fail(*args: object) -> None:
        raise RecursionError

    monkeypatch.setattr(letters, "reply_text", fail)

    (message,) = deliver(envelope_for(inbox), compose())

    assert message.warnings == ["unreadable"]


def test_a_message_that_went_round_fifty_servers_is_refused(inbox):
    raw = b"Received: by mx; now\r\n" * 50 + compose()

    with pytest.raises(MailLoops):
        deliver(envelope_for(inbox), raw)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        " ".join(f"{n:x}-{n + 7:x}" for n in range(60_000)),
        " ".join(f"http://x{n}.example/{n}/{n + 1}" for n in range(20_000)),
        " ".join(chr(0x4E00 + n % 20_000) + chr(0x4E00 + n * 7 % 19_997) for n in range(80_000)),
        " ".join(chr(0x20000 + n % 40_000) + "-" + chr(0x20000 + n // 2) for n in range(50_000)),
        " ".join(f"{n:x}/{n:x}.{n:x}.example/{n:x}" for n in range(20_000)),
        "\U00020000" * 100_000,
        "-".join(chr(0x20000 + n % 40_000) for n in range(100_000)),
        "x" * 1_000_000,
    ],
    ids=["hyphens", "links", "ideographs", "compounds", "paths", "wide", "chain", "one word"],
)
def test_bodies_with_a_great_many_words_are_stored_and_searchable(inbox, words):
    made = arrive(inbox, body=f"unmistakable {words}")

    message = Message.objects.get(pk=made.pk)
    assert message.warnings == []
    assert len(message.search) > 0


def test_headers_too_long_for_an_index_lose_no_mail(inbox):
    long_id = "".join(chr(0x4E00 + n) for n in range(900)) + "@customer.example"
    made = arrive(inbox, message_id=long_id, subject="Re: " + "\u4e00\u4e01\u4e02" * 600)

    assert Message.objects.get(pk=made.pk).warnings == []


def test_automatic_mail_is_marked(inbox):
    made = arrive(inbox, auto_submitted="auto-replied")

    assert made.is_automated
    assert made.automated_reason


def test_listeners_hear_of_the_message_with_its_thread_up_to_date(inbox):
    heard = []

    def listen(message: Message) -> None:
        head_id = Thread.objects.values_list("head_id", flat=True).get(pk=message.thread_id)
        heard.append((message.pk, head_id))

    notices._message_listeners.append(listen)
    try:
        message = arrive(inbox)
    finally:
        notices._message_listeners.remove(listen)

    assert heard == [(message.pk, message.pk)]


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_make_one_copy_and_uids_without_a_gap(inbox):
    mails = [(envelope_for(inbox), compose(message_id=f"{n % 20}@c.example")) for n in range(60)]

    def store(some):
        try:
            for mail in some:
                deliver(*mail)
        finally:
            connection.close()

    threads = [threading.Thread(target=store, args=(mails[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Message.objects.count() == 20
    uids = FolderEntry.objects.order_by("uid").values_list("uid", flat=True)
    assert list(uids) == list(range(1, 21))


def test_an_inbox_without_its_folder_takes_nothing_and_says_so(inbox):
    Folder.objects.filter(inbox=inbox, role="inbox").delete()

    with pytest.raises(Folder.DoesNotExist):
        arrive(inbox)
    assert not Message.objects.exists()


def test_a_second_inbox_has_uids_of_its_own(inbox, workspace):
    other = open_inbox(workspace, inbox.domain, "sales", by="test").inbox
    arrive(inbox)

    arrive(other, to="sales@acme.example")

    assert set(FolderEntry.objects.values_list("folder__inbox_id", "uid")) == {
        (inbox.pk, 1),
        (other.pk, 1),
    }


def test_arrivals_are_remembered_for_seven_days():
    assert timedelta(days=7) == arrival.REMEMBERED
