"""Workers killed with -9 at random while a full queue is sent: what is doubled, what is lost?

    DATABASE_URL=postgres:///scratch python -m bench.outbound_kill --messages 5000 --kills 200

`--by policy` sends as a policy does (one retry in doubt), `--by person` as a person does (none).
"""

import argparse
import random
import time
from collections import Counter

from django.utils import timezone

from bench.stage import new_office, stage, unsettled
from inboxes.models import Message
from outbound.models import Delivery
from tests.outbound.mail import queued


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--by", choices=["person", "policy"], default="person")
    parser.add_argument("--pause", type=float, default=0.03, help="seconds from the dot to 250")
    parser.add_argument("--seed", type=int, default=1)
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
        while unsettled(inbox):
            seen = len(there.sink.taken)
            while len(there.sink.taken) == seen and unsettled(inbox):
                time.sleep(0.005)
            time.sleep(dice.uniform(0, 0.3))
            if kills < given.kills:
                running.kill()
                kills += 1
                # As if the leases of the dead had ended.
                Delivery.objects.filter(status="sending").update(lease_until=timezone.now())
                running = there.start_worker()
            Delivery.objects.filter(status="deferred").update(next_attempt_at=timezone.now())
        time.sleep(2 * given.pause)
        copies = Counter(each.header_message_id for each in there.sink.taken)
    ends = Counter(Message.objects.filter(inbox=inbox).values_list("status", flat=True))
    sent = Message.objects.filter(inbox=inbox, status="sent")
    lost = [name for name in sent.values_list("header_message_id", flat=True) if not copies[name]]
    print(f"{given.messages} messages by {given.by}, {kills} kills: {dict(ends)}")
    print(f"doubled: {sum(count > 1 for count in copies.values())}; said sent and not: {len(lost)}")


if __name__ == "__main__":
    main()
