"""From a person's approval to the first octet at the smarthost, through broker and real worker.

    DATABASE_URL=postgres:///scratch python -m bench.approve_latency --drafts 100 --hold 0

Approvals come one by one, `--every` seconds apart, in this process; the clock starts before the
approval's transaction and ends when the sink reads MAIL. The hold is taken off.
"""

import argparse
import time

from bench.stage import new_office, quantile, stage
from drafts import review
from inboxes.addresses import Address
from tests.outbound.worker_process import eventually


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drafts", type=int, default=100)
    parser.add_argument("--hold", type=int, default=0, help="seconds")
    parser.add_argument("--every", type=float, default=0.15, help="seconds between approvals")
    given = parser.parse_args()
    with stage() as there:
        there.start_worker()
        there.start_beat()
        office = new_office(hold_seconds=given.hold)
        drafts = [
            review.create(
                office.inbox,
                by=office.reviewer,
                to=(Address("Ann", f"ann{number}@customer.example"),),
                subject="Your refund",
                plain_body="Hello Ann,\n\nyour refund is on its way.\n",
            )
            for number in range(given.drafts)
        ]
        began, took = {}, []
        for number, draft in enumerate(drafts):
            at = time.time()
            approved = review.approve(
                draft,
                by=office.reviewer,
                version=draft.version,
                content_hash=draft.revision.content_hash if draft.revision else "",
                thread_head_id=None,
            )
            took.append(time.time() - at)
            assert approved.message
            began[approved.message.header_message_id] = at
            if number == 0:  # The worker's first is about its imports.
                eventually(lambda: len(there.sink.taken) == 1, "the worker is up", 60)
            time.sleep(given.every)
        there.wait_until_sent(given.drafts, 60 + given.hold)
        beyond = [
            1000 * (each.connected_at - began[each.header_message_id] - given.hold)
            for each in there.sink.taken[1:]
        ]
    print(f"approve itself: p50 {1000 * quantile(took, 0.5):.1f} ms")
    print(f"approve -> first octet beyond a hold of {given.hold} s, n = {len(beyond)}:")
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)):
        print(f"  {name} {quantile(beyond, share):7.1f} ms")


if __name__ == "__main__":
    main()
