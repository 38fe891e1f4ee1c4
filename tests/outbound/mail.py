"""Mail of ours to be sent, and threads that race."""

import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from events.models import Event
from inboxes.addresses import Address
from inboxes.models import Inbox, Message
from inboxes.sent import store_outgoing
from outbound import claims, queue
from outbound.claims import Claim
from outbound.compose import Outgoing, compose
from outbound.models import Delivery


def queued(
    inbox: Inbox,
    *rcpt_tos: str,
    by_person: bool = True,
    hold: float = 0,
    plain_body: str = "Hello,\n\nyour refund is on its way.\n",
) -> Message:
    """A message in the queue, due `hold` seconds from now."""
    recipients = rcpt_tos or ("ann@customer.example",)
    now = timezone.now()
    outgoing = Outgoing(
        header_from=Address("", inbox.email),
        to=tuple(Address("", each) for each in recipients),
        cc=(),
        bcc=(),
        reply_to=(),
        subject="Your refund",
        plain_body=plain_body,
        html_body="",
    )
    header_message_id = f"{uuid.uuid4()}@{inbox.domain.name}"
    raw = compose(outgoing, header_message_id=header_message_id, date=now.replace(microsecond=0))
    with transaction.atomic():
        message = store_outgoing(inbox, None, raw, created_by="test", unattended=not by_person)
        queue.submit(
            message,
            recipients,
            by_person=by_person,
            not_before=now + timedelta(seconds=hold),
        )
    return message


def claimed(message: Message, domain: str = "customer.example") -> Claim:
    claim = claims.claim(message.pk, domain)
    assert claim
    return claim


def due_now(message: Message) -> None:
    """As if the time had come."""
    Delivery.objects.filter(message=message).update(next_attempt_at=timezone.now())


def lease_over(message: Message) -> None:
    """As if the worker had died so long ago that its lease has ended."""
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(message=message, status="sending").update(lease_until=past)


def statuses(message: Message) -> list[str]:
    rows = Delivery.objects.filter(message=message).order_by("pk")
    return list(rows.values_list("status", flat=True))


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed returned, or raised, when all began together, each on its own connection."""
    start = threading.Barrier(len(deeds))
    ends: list[Any] = [None] * len(deeds)

    def run(index: int, deed: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            start.wait(10)
            ends[index] = deed()
        except Exception as error:  # noqa: BLE001 - handed to the test
            ends[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index, deed)) for index, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return ends


def elsewhere(deed: Callable[[], Any]) -> Any:
    """What `deed` returns on another connection: what others see."""
    (end,) = at_once(deed)
    if isinstance(end, Exception):
        raise end
    return end


def events_of(message: Message) -> Sequence[tuple[str, list[str]]]:
    rows = Event.objects.filter(message_id=message.pk, type__startswith="message.").order_by("pk")
    return [(row.type, row.payload.get("recipients", [])) for row in rows]
