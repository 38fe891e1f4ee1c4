"""Conversations, a message's story, and the outbox."""

from datetime import timedelta

from django.utils import timezone

from drafts.models import Draft
from inboxes.models import Message
from outbound.models import Delivery, DeliveryAttempt
from tests.pages.proposals import approve


def delivery_of(draft, alice, **fields) -> Delivery:
    message = Message.objects.get(draft=approve(draft, alice))
    delivery = message.deliveries.get()
    Delivery.objects.filter(pk=delivery.pk).update(**fields)
    return delivery


def test_a_message_tells_who_wrote_who_decided_and_what_the_servers_said(page, draft, alice):
    delivery = delivery_of(draft, alice)
    DeliveryAttempt.objects.create(
        delivery=delivery, number=1, started_at=timezone.now(), ended_at=timezone.now(),
        outcome="deferred", reply_code=451, reply_text="<b>later</b>", host="mx.customer.example",
    )  # fmt: skip

    shown = page.get(f"/messages/{delivery.message_id}").content.decode()
    for words in ("wrote revision 1", "Alice", "approved it", "451 &lt;b&gt;later&lt;/b&gt;",
                  "mx.customer.example"):  # fmt: skip
        assert words in shown


def test_a_code_that_the_words_of_a_report_quote_is_shown_once(page, draft, alice):
    words = "550 5.1.1 User unknown"
    delivery = delivery_of(draft, alice, status="failed", last_code=550, last_reply=words)

    shown = page.get(f"/conversations/{draft.thread_id}").content.decode()
    assert f">{words}<" in shown

    Delivery.objects.filter(pk=delivery.pk).update(last_reply="5.1.1 User unknown")
    shown = page.get(f"/conversations/{draft.thread_id}").content.decode()
    assert f">{words}<" in shown


def test_a_conversation_shows_its_mail_and_its_draft(page, draft):
    shown = page.get(f"/conversations/{draft.thread_id}").content.decode()

    assert "It is on fire." in shown
    assert f"/drafts/{draft.pk}" in shown


def test_search_finds_a_conversation_by_its_words(page, draft):
    assert b"My printer burns" in page.get("/conversations?q=fire").content
    assert b"My printer burns" not in page.get("/conversations?q=water").content


def test_an_uncertain_delivery_asks_and_takes_one_answer(page, draft, alice):
    delivery = delivery_of(draft, alice, status=Delivery.Status.UNCERTAIN, attempts=1)
    shown = page.get("/outbox").content.decode()
    first = page.post(f"/outbox/{delivery.pk}/answer", {"what": "arrived"}, follow=True)
    second = page.post(f"/outbox/{delivery.pk}/answer", {"what": "resend"}, follow=True)

    assert "Did these arrive?" in shown
    assert b"Noted as arrived." in first.content
    assert b"answered this already" in second.content
    assert Delivery.objects.get(pk=delivery.pk).status == Delivery.Status.SENT


def test_an_answer_is_one_of_two(page, draft, alice):
    delivery = delivery_of(draft, alice, status=Delivery.Status.UNCERTAIN, attempts=1)

    assert page.post(f"/outbox/{delivery.pk}/answer", {"what": "x"}).status_code == 404


def test_what_is_held_can_be_undone_and_is_on_its_way_once_the_hold_is_over(page, draft, alice):
    delivery = delivery_of(draft, alice)
    held = page.get("/outbox").content.decode()
    assert "can be undone" in held
    assert "On the way" not in held

    Draft.objects.filter(pk=draft.pk).update(hold_until=timezone.now())
    later = timezone.now() + timedelta(minutes=5)  # a pause or a cap may put it off
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=later)
    leaving = page.get("/outbox").content.decode()
    assert "can be undone" not in leaving
    assert "On the way" in leaving


def test_conversations_name_the_customer_and_not_our_own_address(page, draft):
    shown = page.get("/conversations").content.decode()

    assert '<span class="who">ann@customer.example</span>' in shown
