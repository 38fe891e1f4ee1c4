"""An endpoint that is down for an hour while 2,000 events happen: does it get all of them, and in
order where it asked for that?

    DATABASE_URL=postgres:///scratch REDIS_URL=... python -m bench.webhook_outage --events 2000

The clock is moved: whatever waits for its next try is made due a minute sooner, again and again,
once what is due has been tried. Two endpoints, one of them ordered. Exits with 1 when an event is
missing or out of order.
"""

import argparse
import time
from datetime import timedelta

from bench.listeners import emit, new_audience
from bench.running import machine
from bench.webhook_latency import courier_process

# isort: split
from django.db.models import F
from django.utils import timezone

from events.webhooks import managing
from events.webhooks.models import Webhook, WebhookDelivery
from inboxes.models import Inbox
from tests.events.listening import free_port
from tests.webhooks.receiver import Receiver

STEP = timedelta(minutes=1)
DOWN = 60  # minutes
MOST_MINUTES = 72 * 60
PATIENCE = 120  # seconds for what is due


def unfinished(webhooks: list[Webhook]) -> int:
    rows = WebhookDelivery.objects.filter(webhook__in=webhooks)
    return rows.filter(status__in=WebhookDelivery.UNFINISHED).count()


def settle(webhooks: list[Webhook], sent: int) -> None:
    """Wait until every event is queued, and what can be tried now has been."""
    until = time.monotonic() + PATIENCE
    while _queued(webhooks) < sent * len(webhooks) or any(_has_work(one) for one in webhooks):
        if time.monotonic() > until:
            raise SystemExit("What is due is not tried.")
        time.sleep(0.02)


def _queued(webhooks: list[Webhook]) -> int:
    return WebhookDelivery.objects.filter(webhook__in=webhooks).count()


def _has_work(webhook: Webhook) -> bool:
    rows = WebhookDelivery.objects.filter(
        webhook=webhook, status__in=WebhookDelivery.UNFINISHED
    ).order_by("era", "transaction", "event_number")
    if webhook.ordered:
        rows = rows[:1]
    now = timezone.now()
    return any(
        one.status == WebhookDelivery.Status.SENDING or one.next_attempt_at <= now for one in rows
    )


def move_clock(webhooks: list[Webhook]) -> None:
    waiting = WebhookDelivery.objects.filter(webhook__in=webhooks, status="pending")
    waiting.update(next_attempt_at=F("next_attempt_at") - STEP)


def create(inbox: Inbox, port: int, *, ordered: bool) -> Webhook:
    return managing.create(
        inbox.workspace_id,
        url=f"http://127.0.0.1:{port}/hook",
        by="bench",
        events=["message.received"],
        inbox_id=inbox.pk,
        ordered=ordered,
    ).webhook


def run(inbox: Inbox, webhooks: list[Webhook], ports: list[int], events: int) -> list[Receiver]:
    """An hour of events that nobody takes; then until all is taken. The receivers."""
    sent = 0
    for minute in range(1, DOWN + 1):
        for _ in range(events * minute // DOWN - sent):
            emit(inbox, str(sent))
            sent += 1
        settle(webhooks, sent)
        move_clock(webhooks)
    receivers = [Receiver(port=port) for port in ports]
    minutes = DOWN
    while unfinished(webhooks) and minutes < MOST_MINUTES:
        settle(webhooks, sent)
        move_clock(webhooks)
        minutes += 1
    print(f"{sent} events, down for {DOWN} min, all settled after {minutes} min of moved clock")
    return receivers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2000)
    asked = parser.parse_args()
    inbox = new_audience().inboxes[0]
    ports = [free_port(), free_port()]
    webhooks = [
        create(inbox, port, ordered=way) for port, way in zip(ports, (True, False), strict=True)
    ]
    print(machine())
    began = time.perf_counter()
    with courier_process():
        receivers = run(inbox, webhooks, ports, asked.events)
    print(f"took {time.perf_counter() - began:.0f} s")
    wanted, bad = [str(number) for number in range(asked.events)], 0
    for webhook, receiver in zip(webhooks, receivers, strict=True):
        told = receiver.subjects
        missing, repeats = len(set(wanted) - set(told)), len(told) - len(set(told))
        bad += missing + (webhook.ordered and told != wanted)
        webhook.refresh_from_db()
        kind = "ordered" if webhook.ordered else "unordered"
        print(f"  {kind}: missing {missing}, twice {repeats}, in order: {told == wanted}", end="")
        print(f", active: {webhook.is_active}")
        receiver.close()
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
