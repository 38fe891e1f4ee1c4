"""Time the review queue with 1,000 open drafts: server time, through every middleware.

    DATABASE_URL=postgres:///scratch python -m bench.queue_page --drafts 1000 --visits 200

Fills a workspace of its own in the database that it is given, and leaves it there.
"""

import argparse
import os
import random
import statistics
import time
from datetime import timedelta
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")
os.environ.setdefault("MAILAGENT_DB_POOL", "false")
if __name__ == "__main__":
    django.setup()

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Member, User, Workspace
from drafts.models import Draft, DraftRevision
from inboxes.models import Domain, Inbox, Message, Thread
from inboxes.opening import open_inbox

TEXT = (
    "Hello,\n\nThank you for writing. Your refund of 40 euros will arrive in 3 to 5 days.\n\n" * 6
)
PATHS = {
    "queue": "/",
    "page 10": "/?page=10",
    "least sure first": "/?sort=unsure",
    "text search": "/?q=refund+of+40",
    "search without a match": "/?q=nowhere",
    "one category": "/?category=bug",
    "rows alone": "/queue/rows",
    "count": "/queue/count",
}


@transaction.atomic
def fill(drafts: int) -> User:
    """A workspace with as many open drafts in three inboxes, and its reviewer."""
    name = f"bench{uuid4().hex[:8]}"
    workspace = Workspace.objects.create(name=name)
    domain = Domain.objects.create(
        workspace=workspace, name=f"{name}.example", inbound_enabled=True
    )
    user = User.objects.create_user(f"reviewer@{name}.example")
    Member.objects.create(workspace=workspace, user=user, role=Member.Role.REVIEWER)
    inboxes = [open_inbox(workspace, domain, f"in{n}", by="bench").inbox for n in range(3)]
    dice = random.Random(1)
    for number in range(drafts):
        propose(inboxes[number % 3], number, dice)
    return user


def propose(inbox: Inbox, number: int, dice: random.Random) -> None:
    at = timezone.now() - timedelta(minutes=number)
    subject = f"Order {number} is late"
    thread = Thread.objects.create(inbox=inbox, subject=subject, last_message_at=at)
    message = Message.objects.create(
        inbox=inbox,
        thread=thread,
        direction="inbound",
        status="received",
        header_from=f"customer{number}@client.example",
        from_name=f"Customer {number}",
        subject=subject,
        plain_body=TEXT,
        html_body=f"<p>{TEXT * 4}</p>",
    )
    draft = Draft.objects.create(
        inbox=inbox,
        thread=thread,
        reply_to_message=message,
        status=Draft.Status.PENDING,
        created_by="key:bench",
        category=dice.choice(["billing", "bug", "feature request", "general"]),
        confidence=dice.random(),
        created_at=at,
        prompt=[{"role": "user", "content": TEXT * 10}],
    )
    draft.revision = DraftRevision.objects.create(
        draft=draft,
        sequence=1,
        author="key:bench",
        subject=f"Re: {subject}",
        plain_body=TEXT,
        html_body=f"<p>{TEXT}</p>",
        to=[{"name": "", "address": message.header_from}],
        content_hash="0" * 64,
    )
    draft.save(update_fields=["revision"])


def time_visits(client: Client, path: str, visits: int) -> tuple[list[float], float]:
    """Milliseconds of each visit, sorted; then those of the processor alone, on average."""
    took = []
    worked = time.process_time()
    for _ in range(visits):
        started = time.perf_counter()
        response = client.get(path)
        took.append((time.perf_counter() - started) * 1000)
        assert response.status_code == 200
    return sorted(took), (time.process_time() - worked) * 1000 / visits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drafts", type=int, default=1000)
    parser.add_argument("--visits", type=int, default=200)
    options = parser.parse_args()
    user = fill(options.drafts)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    for path in PATHS.values():
        client.get(path)
    print(f"{options.drafts:,} open drafts, {options.visits} visits each; milliseconds")
    for name, path in PATHS.items():
        took, worked = time_visits(client, path, options.visits)
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
        print(
            f"{name:24} p50 {statistics.median(took):6.1f}   p99 {p99:6.1f}"
            f"   our own work {worked:5.1f}   {len(queries)} queries"
        )


if __name__ == "__main__":
    main()
