"""Receivers on real sockets, and a courier in a thread of the test."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from events import log
from events.ids import new_id
from events.models import EventType
from events.webhooks import managing
from events.webhooks.courier import Courier
from events.webhooks.feeding import Feeder
from events.webhooks.models import Webhook, WebhookDelivery
from inboxes.models import Inbox
from tests.events.conftest import letter, other_connection
from tests.webhooks.receiver import Receiver

__all__ = ["letter", "other_connection"]


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings) -> None:
    settings.WEBHOOK_ALLOW = ["127.0.0.0/8"]
    settings.DNS = ""


@pytest.fixture
def receivers() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def make(*arguments: Any, **options: Any) -> Receiver:
        made.append(Receiver(*arguments, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def receiver(receivers) -> Receiver:
    return receivers()


@pytest.fixture
def courier(transactional_db) -> Iterator[Courier]:
    running = Courier()
    running.start()
    yield running
    running.stop(patience=30)
    connections.close_all()


def make_webhook(inbox: Inbox, url: str, **fields: Any) -> Webhook:
    given = {"inbox_id": inbox.pk, "events": ["message.received"], "ordered": False}
    return managing.create(inbox.workspace_id, url=url, by="test", **(given | fields)).webhook


def tell(inbox: Inbox, subject: str = "Hello", **fields: Any) -> None:
    """One event, committed."""
    payload = {"from": "ann@customer.example", "to": [inbox.email], "subject": subject}
    log.emit(
        EventType(fields.pop("type", "message.received")),
        workspace_id=inbox.workspace_id,
        inbox_id=inbox.pk,
        message_id=fields.pop("message_id", new_id()),
        payload=payload | fields,
    )


def feed(feeder: Feeder | None = None) -> None:
    """Feed what is committed, whatever older transactions run beside this test."""
    feeder = feeder or Feeder()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        batch = feeder.feed()
        if batch is not None and not batch.full and not batch.waiting:
            return
        time.sleep(0.01)
    raise AssertionError("an older transaction does not end")


def let_time_pass() -> None:
    """As if the clock had moved: what waits for its next try is due."""
    now = timezone.now()
    waiting = WebhookDelivery.objects.filter(status="pending", next_attempt_at__gt=now)
    waiting.update(next_attempt_at=now)


def statuses(webhook: Webhook) -> list[str]:
    rows = WebhookDelivery.objects.filter(webhook=webhook).order_by("transaction", "event_number")
    return list(rows.values_list("status", flat=True))
