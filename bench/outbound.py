"""How many signed messages a second a worker hands to a smarthost, beside a bare smtplib loop.

    DATABASE_URL=postgres:///scratch python -m bench.outbound --messages 2000 --octets 4400

All are queued before the worker starts; the first message (the worker's imports) is not counted.
The loop signs the same octets with the same keys and sends them over one connection, without a
queue. `--by policy` sends as a policy does, a message at a time. `--profile` runs the sending in
this process instead, one thread, and prints where the time goes.
"""

import argparse
import cProfile
import pstats
import smtplib
import time
from collections.abc import Sequence

from django.conf import settings

from bench.stage import Stage, new_office, stage
from inboxes.models import Inbox, MessageRaw
from outbound import attempts, claims, dkim, senders
from outbound.signing import signers_of
from tests.outbound.mail import queued
from tests.outbound.sink import Taken

LINE = "All work and no play makes a dull message, and this one is no exception.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument(
        "--octets", type=int, default=4_400, help="of text; with HTML and headers about twice that"
    )
    parser.add_argument("--by", choices=["person", "policy"], default="person")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    inbox = new_office().inbox
    body = LINE * (given.octets // len(LINE))
    with stage() as there:
        for number in range(given.messages):
            by_person = given.by == "person"
            queued(inbox, f"ann{number}@customer.example", by_person=by_person, plain_body=body)
        if given.profile:
            profiled(there, by_person=by_person)
        else:
            by_worker(there, given.messages)
            ours = rate(there.sink.taken)
            bare = by_loop(there, inbox)
            print(f"bare smtplib: {bare:.0f} messages/s; ratio {ours / bare:.2f}")


def by_worker(there: Stage, messages: int) -> None:
    running = there.start_worker()
    there.start_beat()
    there.wait_until_sent(1, 60)
    started = running.cpu()
    there.wait_until_sent(messages, 600)
    print(f"worker: {running.resident()} MiB resident")
    print(f"worker: {1000 * (running.cpu() - started) / messages:.1f} ms of CPU a message")
    taken = there.sink.taken
    print(f"{rate(taken):.0f} messages/s of {taken[0].octets} octets")
    running.stop()


def by_loop(there: Stage, inbox: Inbox) -> float:
    """Messages a second of a loop that signs and sends, and does nothing else."""
    found = MessageRaw.objects.filter(message__inbox=inbox)[:500]
    raws = [bytes(octets) for octets in found.values_list("octets", flat=True)]
    signers = signers_of(inbox.domain)
    began = time.monotonic()
    client = smtplib.SMTP("127.0.0.1", there.sink.port)
    for raw in raws:
        client.sendmail(inbox.email, ["ann@customer.example"], dkim.sign(raw, signers))
    seconds = time.monotonic() - began
    client.close()
    return len(raws) / seconds


def profiled(there: Stage, *, by_person: bool) -> None:
    settings.TRANSPORT = f"smtp://127.0.0.1:{there.sink.port}?tls=never"
    attempts.transport.cache_clear()
    with cProfile.Profile() as profile:
        while found := claims.claim_many(senders.AT_ONCE, by_person=by_person):
            for claim in found:
                attempts.attempt(claim)
    pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def rate(taken: Sequence[Taken]) -> float:
    """Messages a second, the first one not counted."""
    return (len(taken) - 1) / (taken[-1].taken_at - taken[0].taken_at)


if __name__ == "__main__":
    main()
