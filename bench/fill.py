"""Fill a scratch database with conversations, so that pages can be timed at size.

    DATABASE_URL=postgres:///scratch python -m bench.fill --messages 1000000

Rows go in by COPY in the order of their time, as years of mail would have put them there. The
largest inbox holds about half of everything. Octets are left out: no list reads them.
"""

import argparse
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")
os.environ.setdefault("MAILAGENT_DB_POOL", "false")
if __name__ == "__main__":
    django.setup()

from django.db import connection
from psycopg import sql
from psycopg.types.json import Jsonb

from accounts import keys
from accounts.models import ApiKey, Workspace
from inboxes.models import Domain, Inbox
from inboxes.opening import open_inbox

YEARS = 2
INBOXES = 20
LENGTHS = (1, 2, 3, 4, 6, 9, 14, 50)
LENGTH_WEIGHTS = (30, 24, 16, 12, 9, 5, 3, 1)
LABELS = ("billing", "bug", "feature", "vip", "refund", "spam?")
LETTERS = "aeioubcdfghjklmnpqrstvwxyz"
CHUNK = 20_000
TABLES = ("inboxes_thread", "inboxes_message", "inboxes_attachment", "outbound_delivery")


@dataclass(slots=True)
class Conversation:
    """A thread to be: who writes to which inbox, and when."""

    id: UUID
    inbox: int
    customer: str
    subject: str
    times: list[float]
    ids: list[UUID]
    labels: list[str]


def uuid_at(moment: float, dice: random.Random) -> UUID:
    """A version 7 UUID of that time, as `events.ids.new_id` would have made it."""
    value = (int(moment * 1000) << 80) | dice.getrandbits(80)
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    return UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62))


def vocabulary(dice: random.Random) -> tuple[list[str], list[float]]:
    """Words with the frequencies of speech (Zipf's law)."""
    words = sorted({"".join(dice.choices(LETTERS, k=dice.randint(2, 9))) for _ in range(30_000)})
    dice.shuffle(words)
    return words, [1 / (rank + 3) for rank in range(len(words))]


def paragraphs(dice: random.Random, count: int = 4_000) -> list[str]:
    words, weights = vocabulary(dice)
    return [
        " ".join(dice.choices(words, weights, k=dice.randint(25, 90))).capitalize() + "."
        for _ in range(count)
    ]


def conversations(messages: int, dice: random.Random) -> list[Conversation]:
    """Conversations of about `messages` messages in all."""
    now = datetime.now(UTC).timestamp()
    share = [1 / (rank + 1) ** 1.6 for rank in range(INBOXES)]
    made: list[Conversation] = []
    total = 0
    while total < messages:
        length = min(dice.choices(LENGTHS, LENGTH_WEIGHTS)[0], messages - total)
        moment = now - dice.random() * YEARS * 365 * 86400
        times = []
        for _ in range(length):
            times.append(moment)
            moment = min(moment + dice.expovariate(1 / 20_000), now)
        made.append(
            Conversation(
                id=uuid_at(times[0], dice),
                inbox=dice.choices(range(INBOXES), share)[0],
                customer=f"customer{dice.randint(1, 80_000)}@client{dice.randint(1, 900)}.example",
                subject=f"Order {dice.randint(1, 10**7)}: {dice.choice(LETTERS)} does not work",
                times=times,
                ids=[uuid_at(at, dice) for at in times],
                labels=[dice.choice(LABELS)] if dice.random() < 0.3 else [],
            )
        )
        total += length
    return made


class Filler:
    """Rows of each table for the conversations, in the order of time."""

    def __init__(self, inboxes: list[Inbox], messages: int, seed: int) -> None:
        self.dice = random.Random(seed)
        self.inboxes = inboxes
        self.threads = conversations(messages, self.dice)
        self.texts = paragraphs(self.dice)

    def thread_rows(self) -> Iterator[dict[str, object]]:
        for thread in sorted(self.threads, key=lambda one: one.times[0]):
            inbox = self.inboxes[thread.inbox]
            last = datetime.fromtimestamp(thread.times[-1], UTC)
            yield {
                "id": thread.id,
                "inbox_id": inbox.pk,
                "subject": thread.subject,
                "base_subject": thread.subject.lower(),
                "status": self.dice.choices(["open", "waiting", "resolved"], [5, 5, 90])[0],
                "category": "",
                "labels": thread.labels,
                "participants": [thread.customer, inbox.email],
                "message_count": len(thread.times),
                "unread_count": 0,
                "preview": "Hello, this is about my order.",
                "head_id": thread.ids[-1],
                "drafts_only": False,
                "last_message_at": last,
                "last_inbound_at": last,
                "created_at": datetime.fromtimestamp(thread.times[0], UTC),
            }

    def in_order(self) -> list[tuple[float, Conversation, int]]:
        told = [(at, thread, n) for thread in self.threads for n, at in enumerate(thread.times)]
        return sorted(told, key=lambda one: one[0])

    def message_rows(self) -> Iterator[dict[str, object]]:
        for at, thread, n in self.in_order():
            yield self._message(datetime.fromtimestamp(at, UTC), thread, n)

    def _message(self, at: datetime, thread: Conversation, n: int) -> dict[str, object]:
        inbox, ours = self.inboxes[thread.inbox], n % 2 == 1
        sender, recipient = (
            (inbox.email, thread.customer) if ours else (thread.customer, inbox.email)
        )
        reply = f"{self.dice.choice(self.texts)}\n\n{self.dice.choice(self.texts)} #{at:%s%f}"
        body = f"{reply}\n\nOn {at:%d %B} somebody wrote:\n> {self.dice.choice(self.texts)}"
        earlier = [f"{one}@mail.example" for one in thread.ids[:n]]
        return {
            "id": thread.ids[n],
            "inbox_id": inbox.pk,
            "thread_id": thread.id,
            "direction": "outbound" if ours else "inbound",
            "status": "sent" if ours else "received",
            "mail_from": sender,
            "rcpt_to": "" if ours else inbox.email,
            "header_message_id": f"{thread.ids[n]}@mail.example",
            "in_reply_to": earlier[-1] if earlier else "",
            "references": earlier[-20:],
            "thread_index": "",
            "threaded_by": "reference" if n else "new",
            "header_from": sender,
            "from_name": sender.split("@")[0].title(),
            "reply_to": Jsonb([]),
            "to": Jsonb([{"name": "", "address": recipient}]),
            "cc": Jsonb([]),
            "bcc": Jsonb([]),
            "recipients": [recipient],
            "subject": f"Re: {thread.subject}" if n else thread.subject,
            "plain_body": body,
            "html_body": f"<div><p>{body}</p></div>" if self.dice.random() < 0.6 else "",
            "reply_text": reply,
            "visible_text": body,
            "preview": reply[:180],
            "is_read": ours or self.dice.random() < 0.98,
            "labels": thread.labels,
            "is_spam": False,
            "is_automated": False,
            "automated_reason": "",
            "unattended": False,
            "warnings": [],
            "authentication": Jsonb({"spf": "pass", "dkim": "pass", "dmarc": "pass"}),
            "metadata": Jsonb({}),
            "size": len(body) * 2,
            "search_names": f"{sender} {recipient}",
            "has_attachments": n == 0 and len(thread.times) % 4 == 0,
            "date": at,
            "received_at": None if ours else at,
            "sent_at": at if ours else None,
            "created_by": "user:1" if ours else "",
            "created_at": at,
        }

    def attachment_rows(self) -> Iterator[dict[str, object]]:
        for thread in self.threads:
            if len(thread.times) % 4 == 0:
                yield {
                    "id": uuid_at(thread.times[0], self.dice),
                    "message_id": thread.ids[0],
                    "part_path": "2",
                    "filename": "invoice.pdf",
                    "content_type": "application/pdf",
                    "size": self.dice.randint(1_000, 900_000),
                    "content_id": "",
                    "inline": False,
                }

    def delivery_rows(self) -> Iterator[dict[str, object]]:
        for at, thread, n in self.in_order():
            if n % 2 == 1:
                moment = datetime.fromtimestamp(at, UTC)
                yield {
                    "message_id": thread.ids[n],
                    "rcpt_to": thread.customer,
                    "rcpt_domain": thread.customer.split("@")[1],
                    "status": "sent",
                    "phase": "",
                    "by_person": True,
                    "attempts": 1,
                    "next_attempt_at": moment,
                    "fence": 1,
                    "last_reply": "250 2.0.0 Ok: queued",
                    "last_code": 250,
                    "last_host": "mx.client.example",
                    "transport": "smarthost",
                    "told_delayed": 0,
                    "settled_at": moment + timedelta(seconds=2),
                    "created_at": moment,
                }


def copy(table: str, rows: Iterator[dict[str, object]]) -> int:
    """COPY the rows."""
    count = 0
    while chunk := [row for _, row in zip(range(CHUNK), rows, strict=False)]:
        names = sql.SQL(", ").join(map(sql.Identifier, chunk[0]))
        place = sql.Identifier(table)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(place, names)
        with connection.cursor() as cursor, cursor.copy(statement) as stream:
            for row in chunk:
                stream.write_row(tuple(row.values()))
        count += len(chunk)
    return count


def drop_indexes() -> list[str]:
    """Take the plain indexes away while filling; what makes them again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisunique",
            [list(TABLES)],
        )
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [definition for _, definition in found]


def make_inboxes() -> list[Inbox]:
    inboxes = []
    for number in range(INBOXES):
        if number % 5 == 0:
            workspace = Workspace.objects.create(name=f"Company {number}")
            domain = Domain.objects.create(
                workspace=workspace, name=f"company{number}.example", inbound_enabled=True
            )
        inboxes.append(open_inbox(workspace, domain, f"inbox{number}", by="bench").inbox)
    return inboxes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    inboxes = make_inboxes()
    filler = Filler(inboxes, options.messages, options.seed)
    indexes = drop_indexes()
    rows = (
        filler.thread_rows(),
        filler.message_rows(),
        filler.attachment_rows(),
        filler.delivery_rows(),
    )
    for table, source in zip(TABLES, rows, strict=True):
        print(f"{table}: {copy(table, source):,} rows, {time.monotonic() - started:.0f} s")
    with connection.cursor() as cursor:
        for definition in indexes:
            cursor.execute(definition)
        for table in TABLES:
            cursor.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
    _, shown = keys.issue(
        ApiKey.Kind.INSTALLATION,
        workspace=None,
        name="bench",
        permissions=["read"],
        created_by="bench",
    )
    print(f"done in {time.monotonic() - started:.0f} s; largest inbox {inboxes[0].email}")
    print(f"key {shown}")


if __name__ == "__main__":
    main()
