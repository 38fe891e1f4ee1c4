"""From the log to the receiver."""

import base64
import re
import time
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from events.log import emit
from events.models import AuditEntry, Event, EventType
from events.webhooks import feeding, managing
from events.webhooks.courier import Courier
from events.webhooks.feeding import Feeder
from events.webhooks.models import Webhook, WebhookAttempt, WebhookCursor, WebhookDelivery
from events.webhooks.retries import ATTEMPTS
from tests.outbound.worker_process import eventually
from tests.webhooks.conftest import feed, let_time_pass, make_webhook, statuses, tell
from tests.webhooks.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_is_posted_flat_and_in_camel_case(inbox, receiver, courier):
    make_webhook(inbox, receiver.url)

    tell(inbox, "Broken", thread_subject="Broken")
    eventually(lambda: receiver.taken != [], "posted")

    taken = receiver.taken[0]
    event = Event.objects.get()
    assert taken.path == "/hook"
    assert taken.headers["content-type"] == "application/json"
    body = taken.body
    assert body["event"] == "message.received"
    assert body["eventId"] == taken.headers["webhook-id"] == f"evt_{event.event_id.hex}"
    assert body["inboxId"] == str(inbox.pk)
    assert body["messageId"] == str(event.message_id)
    assert body["subject"] == "Broken"
    assert {"createdAt", "threadId", "from", "to", "plainBody", "htmlBody", "replyText"} <= set(
        body
    )


def test_first_webhook_hears_though_nobody_listened_to_the_events_before(inbox, receiver, courier):
    tell(inbox, "Before")
    make_webhook(inbox, receiver.url)

    tell(inbox, "Broken")
    eventually(lambda: receiver.taken != [], "posted")

    assert [taken.body["subject"] for taken in receiver.taken] == ["Broken"]


def test_bodies_are_cut_at_256_kib(inbox, receiver, courier, letter):
    make_webhook(inbox, receiver.url)

    tell(inbox, message_id=letter.pk)
    eventually(lambda: receiver.taken != [], "posted")

    body = receiver.taken[0].body
    assert body["truncated"] is True
    assert 250_000 < len(body["plainBody"].encode()) <= 256 * 1024


def test_only_what_was_asked_for_is_posted(inbox, strange_inbox, receivers, courier):
    ours, whole, strange = receivers(), receivers(), receivers()
    make_webhook(inbox, ours.url)
    make_webhook(inbox, whole.url, inbox_id=None, events=["message.received", "message.sent"])
    make_webhook(strange_inbox, strange.url, inbox_id=None)

    tell(inbox, "first")
    tell(inbox, "second", type="message.sent")
    emit(EventType.MESSAGE_RECEIVED, workspace_id=inbox.workspace_id, payload={"subject": "third"})
    eventually(lambda: len(whole.taken) == 3 and len(ours.taken) == 1, "posted")
    time.sleep(0.2)

    assert (ours.subjects, sorted(whole.subjects)) == (["first"], ["first", "second", "third"])
    assert strange.taken == []


def test_what_was_before_the_webhook_is_none_of_its_business(inbox, receiver):
    tell(inbox, "before")
    feed()
    make_webhook(inbox, receiver.url)
    tell(inbox, "after")

    feed()

    assert [row.payload.count("after") for row in WebhookDelivery.objects.all()] == [1]


def test_two_feeders_make_one_delivery(inbox, receiver):
    make_webhook(inbox, receiver.url)
    feeders = [Feeder(), Feeder()]
    for feeder in feeders:
        feed(feeder)
    for number in range(3):
        tell(inbox, str(number))
        for feeder in feeders:
            feed(feeder)

    assert WebhookDelivery.objects.count() == 3


def test_a_feeder_that_died_before_it_kept_its_place_repeats_nothing(inbox, receiver):
    make_webhook(inbox, receiver.url)
    feed()
    before = WebhookCursor.objects.get()
    tell(inbox)
    feed()
    before.save()

    feed()

    assert WebhookDelivery.objects.count() == 1


def test_an_event_that_commits_late_is_not_skipped(inbox, receiver, other_connection):
    make_webhook(inbox, receiver.url)
    feeder = Feeder()
    feed(feeder)
    with other_connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_event (event_id, type, workspace_id, inbox_id, payload, created_at)"
            " VALUES (gen_random_uuid(), 'message.received', %s, %s, %s, now())",
            [inbox.workspace_id, inbox.pk, '{"subject": "late"}'],
        )
    tell(inbox, "early")
    feeder.feed()
    assert not WebhookDelivery.objects.exists()
    other_connection.commit()

    feed(feeder)

    rows = WebhookDelivery.objects.order_by("transaction", "event_number")
    assert [re.search('"subject":"([a-z]+)"', row.payload)[1] for row in rows] == ["late", "early"]


def test_while_nobody_listens_a_feeder_asks_nothing(inbox, django_assert_num_queries):
    feeder = Feeder()
    feeder.skip()
    tell(inbox)

    with django_assert_num_queries(0):
        feeder.skip()


def test_a_webhook_that_begins_while_nobody_listens_misses_nothing(
    inbox, receiver, other_connection, monkeypatch
):
    monkeypatch.setattr(feeding, "KEEP_EVERY", -1.0)  # every look goes on to the present
    webhook = make_webhook(inbox, receiver.url)
    Webhook.objects.update(is_active=False)
    tell(inbox, "before")
    feeder = Feeder()
    feeder.skip()
    with other_connection.cursor() as cursor:
        cursor.execute("UPDATE events_webhook SET is_active = true")
    tell(inbox, "after")
    feeder.skip()
    other_connection.commit()

    feed(feeder)

    told = [re.search('"subject":"([a-z]+)"', row.payload)[1] for row in webhook.deliveries.all()]
    assert told == ["after"]


def test_the_official_library_verifies_what_we_post(inbox, receiver, courier):
    made = managing.create(
        inbox.workspace_id,
        inbox_id=None,
        url=receiver.url,
        events=["message.received"],
        ordered=False,
        by="test",
    )

    tell(inbox, "Grüße ✓")
    eventually(lambda: receiver.taken != [], "posted")

    taken = receiver.taken[0]
    assert made.secret.startswith("whsec_")
    assert len(base64.b64decode(made.secret.removeprefix("whsec_"))) == 32
    assert Verifier(made.secret).verify(taken.content, taken.headers)["subject"] == "Grüße ✓"
    with pytest.raises(WebhookVerificationError):
        Verifier(made.secret).verify(taken.content.replace(b"ann@", b"eve@"), taken.headers)


def test_after_a_rotation_both_secrets_verify_for_a_day(inbox, receiver, courier):
    made = managing.create(
        inbox.workspace_id,
        inbox_id=None,
        url=receiver.url,
        events=["message.received"],
        ordered=False,
        by="test",
    )
    rotated = managing.rotate_secret(made.webhook, by="test")

    tell(inbox)
    eventually(lambda: len(receiver.taken) == 1, "posted")
    Webhook.objects.update(previous_secret_until=timezone.now())
    tell(inbox)
    eventually(lambda: len(receiver.taken) == 2, "posted")

    first, second = receiver.taken
    for secret in (made.secret, rotated.secret):
        Verifier(secret).verify(first.content, first.headers)
    Verifier(rotated.secret).verify(second.content, second.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(made.secret).verify(second.content, second.headers)


def test_the_secret_is_sealed_at_rest(inbox, receiver):
    made = managing.create(
        inbox.workspace_id,
        inbox_id=None,
        url=receiver.url,
        events=["message.received"],
        ordered=False,
        by="test",
    )
    kept = bytes(Webhook.objects.get().sealed_secret)
    assert made.secret.removeprefix("whsec_").encode() not in kept


def test_request_answer_and_timing_are_on_record(inbox, receivers, courier):
    receiver = receivers(lambda taken: Reply(202, {"X-Seen": "yes"}, b"thanks\0", hang=0.05))
    webhook = make_webhook(inbox, receiver.url)

    tell(inbox)
    eventually(lambda: statuses(webhook) == ["delivered"], "delivered")

    tried = WebhookAttempt.objects.get()
    assert tried.url == receiver.url
    assert tried.request_headers["webhook-signature"].startswith("v1,")
    assert (tried.status_code, tried.response_body) == (202, "thanks\ufffd")
    assert tried.response_headers["x-seen"] == "yes"
    assert 50 <= tried.milliseconds < 5_000


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500, 503])
def test_anything_but_2xx_is_tried_again(inbox, receivers, courier, status):
    canary = receivers()
    receiver = receivers(lambda taken: Reply(status, {"Location": canary.url}))
    webhook = make_webhook(inbox, receiver.url)

    tell(inbox)
    eventually(lambda: WebhookAttempt.objects.exists(), "tried")
    row = WebhookDelivery.objects.get()
    assert (row.status, row.attempts) == ("pending", 1)
    assert timedelta(seconds=4) < row.next_attempt_at - timezone.now() < timedelta(seconds=6)
    receiver.answer = lambda taken: Reply()
    let_time_pass()
    eventually(lambda: statuses(webhook) == ["delivered"], "delivered")

    first, second = receiver.taken
    assert first.content == second.content
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert canary.taken == []


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(inbox, receivers, courier, as_date):
    wish = format_datetime(timezone.now() + timedelta(hours=2), usegmt=True) if as_date else "7200"
    receiver = receivers(lambda taken: Reply(429, {"Retry-After": wish}))
    make_webhook(inbox, receiver.url)

    tell(inbox)
    eventually(lambda: WebhookAttempt.objects.exists(), "tried")

    wait = WebhookDelivery.objects.get().next_attempt_at - timezone.now()
    assert timedelta(minutes=119) < wait <= timedelta(minutes=120)


def test_410_switches_it_off_and_tells(inbox, receivers, courier):
    receiver = receivers(lambda taken: Reply(410))
    watcher = receivers()
    webhook = make_webhook(inbox, receiver.url)
    make_webhook(inbox, watcher.url, events=["webhook.disabled"])

    tell(inbox)
    eventually(lambda: watcher.taken != [], "told")

    webhook.refresh_from_db()
    assert not webhook.is_active
    assert "410" in webhook.disabled_reason
    assert statuses(webhook) == ["failed"]
    body = watcher.taken[0].body
    assert (body["event"], body["webhookId"]) == ("webhook.disabled", str(webhook.pk))
    assert AuditEntry.objects.filter(action="webhook.disable").exists()
    tell(inbox)
    time.sleep(0.3)
    assert len(receiver.taken) == 1


def test_one_that_takes_nothing_over_the_whole_schedule_is_switched_off(inbox, receivers, courier):
    receiver = receivers(lambda taken: Reply(500))
    webhook = make_webhook(inbox, receiver.url)

    tell(inbox)
    for number in range(1, ATTEMPTS + 1):
        eventually(lambda: WebhookAttempt.objects.count() == number, f"try {number}")  # noqa: B023
        let_time_pass()
        courier._wake.set()

    eventually(lambda: statuses(webhook) == ["failed"], "given up")
    webhook.refresh_from_db()
    assert not webhook.is_active
    assert Event.objects.filter(type="webhook.disabled").count() == 1


def test_one_event_that_is_never_taken_does_not_switch_off_what_takes_others(
    inbox, receivers, courier
):
    receiver = receivers(lambda taken: Reply(500 if taken.body["subject"] == "poison" else 200))
    webhook = make_webhook(inbox, receiver.url)

    tell(inbox, "poison")
    eventually(lambda: WebhookAttempt.objects.count() == 1, "tried")
    tell(inbox, "good")
    eventually(lambda: "good" in receiver.subjects, "good")
    WebhookDelivery.objects.filter(status="pending").update(attempts=ATTEMPTS - 1)
    let_time_pass()
    eventually(lambda: sorted(statuses(webhook)) == ["delivered", "failed"], "given up")

    webhook.refresh_from_db()
    assert webhook.is_active


def test_what_a_dead_worker_held_is_posted_again(inbox, receiver):
    webhook = make_webhook(inbox, receiver.url)
    tell(inbox)
    feed()
    past = timezone.now() - timedelta(seconds=1)
    WebhookDelivery.objects.update(status="sending", lease_until=past, attempts=1)

    running = Courier()
    running.start()
    try:
        eventually(lambda: statuses(webhook) == ["delivered"], "delivered")
    finally:
        running.stop(patience=10)
    assert len(receiver.taken) == 1


def test_a_rolled_back_event_is_posted_to_nobody(inbox, receiver, courier):
    make_webhook(inbox, receiver.url)
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(inbox, "undone")
        raise RuntimeError
    tell(inbox, "done")
    eventually(lambda: receiver.taken != [], "posted")
    assert receiver.subjects == ["done"]


def test_a_receiver_that_is_not_there_is_on_record(inbox, receivers, courier):
    closed = Receiver()
    closed.close()
    make_webhook(inbox, closed.url)
    tell(inbox)
    eventually(lambda: WebhookAttempt.objects.exists(), "tried")
    tried = WebhookAttempt.objects.get()
    assert (tried.status_code, tried.error) == (None, "the connection failed: ConnectError")
