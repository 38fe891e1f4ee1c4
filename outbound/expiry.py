"""What was given up is told to the inbox that sent it: a report is filed there, once."""

import logging
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction

from inboxes import arrival
from inboxes.models import Message, MessageRaw
from inboxes.recipients import Recipient
from outbound.delivery_reports import Report, Undelivered, compose_report
from outbound.models import Delivery

logger = logging.getLogger(__name__)
BATCH = 100


def report_expired() -> int:
    """File the reports that are due. How many."""
    due = Delivery.objects.filter(report_due=True).order_by("message").distinct("message")
    message_ids = list(due.values_list("message_id", flat=True)[:BATCH])
    return sum(_reported(message_id) for message_id in message_ids)


def _reported(message_id: UUID) -> bool:
    try:
        _report(message_id)
    except DatabaseError:
        raise
    except Exception:  # The sweeper's outer loop: the others must not wait for this one.
        logger.exception("message %s: no report could be filed", message_id)
        Delivery.objects.filter(message=message_id).update(report_due=False)
        return False
    return True


@transaction.atomic
def _report(message_id: UUID) -> None:
    """One report on all recipients of a message who are due.

    The same recipients make the same octets: if two do this at once, the inbox keeps one. What
    arrives locks inbox and thread, therefore before the deliveries.
    """
    message = Message.objects.select_related("inbox").get(pk=message_id)
    rows = Delivery.objects.filter(message=message, report_due=True).order_by("pk")
    deliveries = list(rows)
    if not deliveries:
        return
    inbox = message.inbox
    settled_at = max(each.settled_at or each.created_at for each in deliveries)
    envelope = arrival.Envelope(
        mail_from="",
        recipients=(Recipient(inbox.email, inbox.pk, inbox.workspace_id),),
        received_at=settled_at,
        helo=settings.HOSTNAME,
        protocol="LOCAL",
    )
    arrival.deliver(envelope, compose_report(_facts(message, deliveries)))
    rows.filter(pk__in=[each.pk for each in deliveries]).update(report_due=False)


def _facts(message: Message, deliveries: list[Delivery]) -> Report:
    raw = bytes(MessageRaw.objects.get(message=message).octets)
    settled_at = max(each.settled_at or each.created_at for each in deliveries)
    first, last = deliveries[0].pk, deliveries[-1].pk
    return Report(
        header_message_id=f"{message.pk.hex}.{first}-{last}.report@{settings.HOSTNAME}",
        reporting_mta=settings.HOSTNAME,
        to=message.inbox.email,
        date=settled_at.replace(microsecond=0),
        original_header=raw.partition(b"\r\n\r\n")[0] + b"\r\n",
        original_message_id=message.header_message_id,
        subject=message.subject,
        arrived_at=message.created_at,
        recipients=[
            Undelivered(
                each.rcpt_to,
                each.last_code or 0,
                each.last_reply,
                each.last_host,
                each.attempts,
                each.settled_at or settled_at,
            )
            for each in deliveries
        ],
    )
