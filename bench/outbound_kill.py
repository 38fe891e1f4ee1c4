"""Workers killed with -9 at random while a full queue is sent: what is doubled, what is lost?

    DATABASE_URL=postgres:///scratch python -m bench.outbound_kill --messages 5000 --kills 200

`--by policy` sends as a policy does (one retry in doubt), `--by person` as a person does (none).
Every kill hits a worker that is sending: what the dead one had handed over is awaited before the
next one is watched.
"""

import argparse
import random
import time
from collections import Counter

from django.utils import timezone

from bench.stage import new_office, stage, unsettled
from inboxes.models import Inbox, Message
from outbound.models import Delivery
from tests.outbound.mail import queued
from tests.outbound.sink import Sink


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--by", choices=["person", "policy"], default="person")
    parser.add_argument("--pause", type=float, default=0.03, help="seconds from the dot to 250")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=150, help="then no more kills")
    given = parser.parse_args()
    dice = random.Random(given.seed)
    inbox = new_office().inbox
    by_person = given.by == "person"
    kills = 0
    with stage(pause=given.pause) as there:
        for _ in range(given.messages):
            queued(inbox, by_person=by_person)
        there.start_beat()
        running = there.start_worker()
        until = time.monotonic() + given.seconds
        while unsettled(inbox):
            seen = len(there.sink.taken)
            while len(there.sink.taken) == seen and unsettled(inbox):
                time.sleep(0.005)
            time.sleep(dice.uniform(0, 0.3))
            if kills < given.kills and time.monotonic() < until:
                running.kill()
                kills += 1
                # As if the leases of the dead had ended.
                Delivery.objects.filter(status="sending").update(lease_until=timezone.now())
                running = there.start_worker()
                time.sleep(3 * given.pause)
            Delivery.objects.filter(status="deferred").update(next_attempt_at=timezone.now())
        time.sleep(2 * given.pause)
        report(there.sink, inbox, given.by, kills)


def report(sink: Sink, inbox: Inbox, by: str, kills: int) -> None:
    copies = Counter(each.header_message_id for each in sink.taken)
    ends = Counter(Message.objects.filter(inbox=inbox).values_list("status", flat=True))
    rows = Message.objects.filter(inbox=inbox).values_list("header_message_id", "status")
    lost = [name for name, status in rows if status == "sent" and not copies[name]]
    silent = [name for name, status in rows if status not in ("sent", "uncertain")]
    more = sum(count - 1 for count in copies.values() if count > 1)
    octets = {(each.header_message_id, each.digest) for each in sink.taken}
    print(f"{len(rows)} messages by {by}, {kills} kills: {dict(ends)}")
    print(f"copies too many: {more}, {more / max(kills, 1):.2f} a kill; of other octets: ", end="")
    print(f"{len(octets) - len(copies)}; said sent and not: {len(lost)}; no end: {len(silent)}")


if __name__ == "__main__":
    main()
