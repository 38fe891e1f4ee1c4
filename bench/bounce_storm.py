"""A storm of reports about our mail: what each costs, what is left in the tables.

    DATABASE_URL=postgres:///scratch python -m bench.bounce_storm --reports 10000

Half of the reports repeat what was told, and one in ten is about somebody else. Needs a migrated
database. The cost must not grow with the number: the last tenth is shown beside the first.
"""

import argparse
import os
import time
import uuid

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")
os.environ.setdefault("MAILAGENT_DB_POOL", "false")
os.environ.setdefault("MAILAGENT_LOG_LEVEL", "ERROR")
if __name__ == "__main__":
    django.setup()

from django.utils import timezone

from bench.arrival_cpu import make_recipient
from inboxes.arrival import Envelope, deliver_many
from inboxes.models import Inbox, Message, Thread
from inboxes.recipients import find_recipient
from outbound import return_paths
from outbound.models import Delivery
from tracking.models import DeliveryReport

AT_ONCE = 32
REPORT = """\
From: MAILER-DAEMON@mx.example.net\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <{number}@mx.example.net>\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
<{address}>: 550 5.1.1 User unknown\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.net\r
\r
Final-Recipient: rfc822; {address}\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 User unknown\r
--b--\r
"""


def sent_messages(inbox: Inbox, count: int) -> list[tuple[str, str]]:
    """Messages that left: the recipient and the envelope sender of each."""
    now = timezone.now()
    thread = Thread.objects.create(inbox=inbox, subject="Storm", last_message_at=now)
    outbound = {"direction": "outbound", "status": "sent", "header_from": inbox.email}
    messages = Message.objects.bulk_create(
        Message(inbox=inbox, thread=thread, **outbound) for _ in range(count)
    )
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            message=message,
            rcpt_to=f"{uuid.uuid4().hex}@customer.example",
            rcpt_domain="customer.example",
            status="sent",
            by_person=True,
            attempts=1,
            next_attempt_at=now,
            settled_at=now,
        )
        for message in messages
    )
    return [(d.rcpt_to, return_paths.sender_for(d.pk, inbox.domain)) for d in deliveries]


def reports(sent: list[tuple[str, str]], count: int) -> list[tuple[Envelope, bytes]]:
    at = timezone.now()
    mails = []
    for number in range(count):
        address, sender = sent[number % len(sent)]
        about = f"stranger{number}@customer.example" if number % 10 == 9 else address
        recipient = find_recipient(sender)
        assert recipient is not None, "the signature does not hold"
        raw = REPORT.format(number=number, address=about).encode()
        mails.append((Envelope("", (recipient,), at), raw))
    return mails


def main() -> None:
    parser = argparse.ArgumentParser(description="A storm of reports about our mail.")
    parser.add_argument("--reports", type=int, default=10_000)
    options = parser.parse_args()
    inbox = Inbox.objects.select_related("domain").get(pk=make_recipient().inbox_id)
    storm = reports(sent_messages(inbox, max(1, options.reports // 2)), options.reports)
    took = []
    for start in range(0, len(storm), AT_ONCE):
        began = time.perf_counter()
        outcomes = deliver_many(storm[start : start + AT_ONCE])
        assert outcomes == [[]] * len(outcomes), "a report was shown as mail"
        took.append(time.perf_counter() - began)
    tenth = max(1, len(took) // 10)
    told = DeliveryReport.objects.filter(message__inbox=inbox)
    print(f"{len(storm)} reports in {sum(took):.1f} s: {len(storm) / sum(took):.0f}/s")
    print(
        f"a batch of {AT_ONCE}: {1000 * sum(took[:tenth]) / tenth:.0f} ms in the first tenth, ",
        end="",
    )
    print(
        f"{1000 * sum(took[-tenth:]) / tenth:.0f} ms in the last, {1000 * max(took):.0f} ms at most"
    )
    print(f"{told.count()} rows; {told.filter(state='counted').count()} with an effect")


if __name__ == "__main__":
    main()
