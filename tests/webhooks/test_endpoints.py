"""Endpoints that hang, are down for an hour, or want strict order."""

import time

import pytest
from django.utils import timezone

from events.models import Event
from events.webhooks import managing
from events.webhooks.claims import AT_ONCE
from events.webhooks.models import WebhookAttempt, WebhookDelivery
from tests.outbound.worker_process import eventually
from tests.webhooks.conftest import feed, let_time_pass, make_webhook, statuses, tell
from tests.webhooks.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)
DOWN = 400


def test_an_endpoint_that_hangs_harms_no_other(inbox, receivers, courier):
    hanging = receivers(lambda taken: Reply(hang=60))
    healthy = receivers()
    make_webhook(inbox, hanging.url)
    make_webhook(inbox, healthy.url)
    made_at = {}

    for number in range(30):
        made_at[str(number)] = time.time()
        tell(inbox, str(number))
        time.sleep(0.02)
    eventually(lambda: len(healthy.taken) == 30, "the healthy one has all")

    assert max(one.at - made_at[one.body["subject"]] for one in healthy.taken) < 10
    assert len(hanging.taken) == hanging.most_at_once == AT_ONCE
    hanging.close()


def test_at_most_four_requests_are_under_way_to_one_endpoint(inbox, receivers, courier):
    receiver = receivers(lambda taken: Reply(hang=0.1))
    make_webhook(inbox, receiver.url)
    for number in range(12):
        tell(inbox, str(number))
    eventually(lambda: len(receiver.taken) == 12, "posted")
    assert receiver.most_at_once == AT_ONCE


def test_an_ordered_endpoint_hears_one_thing_at_a_time_in_order(inbox, receivers, courier):
    receiver = receivers(lambda taken: Reply(hang=0.01))
    make_webhook(inbox, receiver.url, ordered=True)
    for number in range(30):
        tell(inbox, str(number))
    eventually(lambda: len(receiver.taken) == 30, "posted")
    assert receiver.subjects == [str(number) for number in range(30)]
    assert receiver.most_at_once == 1


def test_at_an_ordered_endpoint_all_wait_for_the_first(inbox, receivers, courier):
    taking = {"first": False}
    receiver = receivers(
        lambda taken: Reply(500 if taken.body["subject"] == "0" and not taking["first"] else 200)
    )
    webhook = make_webhook(inbox, receiver.url, ordered=True)
    for number in range(5):
        tell(inbox, str(number))
    eventually(lambda: WebhookAttempt.objects.exists(), "tried")
    time.sleep(0.3)
    assert receiver.subjects == ["0"]

    taking["first"] = True
    let_time_pass()
    eventually(lambda: statuses(webhook) == ["delivered"] * 5, "delivered")
    assert receiver.subjects == ["0", "0", "1", "2", "3", "4"]


def test_an_hour_of_absence_loses_nothing_and_keeps_the_order_where_asked(
    inbox, receivers, courier
):
    away = Receiver()
    port = away.port
    away.close()
    ordered = make_webhook(inbox, f"http://127.0.0.1:{port}/ordered", ordered=True)
    other = make_webhook(inbox, f"http://127.0.0.1:{port}/other")
    tell(inbox, "0")
    first = Event.objects.get()
    Event.objects.bulk_create(
        Event(
            type=first.type,
            workspace_id=first.workspace_id,
            inbox_id=first.inbox_id,
            payload={"subject": str(number)},
            created_at=timezone.now(),
        )
        for number in range(1, DOWN)
    )
    eventually(lambda: WebhookDelivery.objects.count() == 2 * DOWN, "queued", 60)
    # 5 s, 30 s, 2, 10 and 30 minutes: the hour of the first one.
    head = WebhookDelivery.objects.filter(webhook=ordered).order_by("event_number")[:1]
    until = time.monotonic() + 30
    while head[0].attempts < 5 and time.monotonic() < until:
        let_time_pass()
        time.sleep(0.05)

    back = receivers(port=port)
    until = time.monotonic() + 300
    while time.monotonic() < until and statuses_left():
        let_time_pass()
        time.sleep(0.2)

    assert statuses_left() == []
    heard = [one.body["subject"] for one in back.taken if one.path == "/ordered"]
    assert heard == [str(number) for number in range(DOWN)]
    assert {one.body["subject"] for one in back.taken if one.path == "/other"} == set(heard)
    ordered.refresh_from_db()
    other.refresh_from_db()
    assert ordered.is_active and other.is_active


def statuses_left() -> list[int]:
    rows = WebhookDelivery.objects.exclude(status="delivered")
    return list(rows.values_list("pk", flat=True)[:1])


def test_what_is_queued_waits_while_it_is_switched_off(inbox, receiver, courier):
    webhook = make_webhook(inbox, receiver.url)
    managing.change(webhook, by="test", is_active=False)
    tell(inbox, "missed")
    feed()
    managing.change(webhook, by="test", is_active=True)
    tell(inbox, "heard")
    eventually(lambda: receiver.taken != [], "posted")
    assert receiver.subjects == ["heard"]
