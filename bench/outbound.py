"""How many signed messages a second a worker hands to a smarthost.

    DATABASE_URL=postgres:///scratch python -m bench.outbound --messages 2000 --octets 4400

All are queued before the worker starts; the first message (the worker's imports) is not counted.
`--profile` runs the sending in this process instead, one thread, and prints where the time goes.
"""

import argparse
import cProfile
import pstats

from django.conf import settings

from bench.stage import new_office, stage
from outbound import attempts, claims, senders
from tests.outbound.mail import queued

LINE = "All work and no play makes a dull message, and this one is no exception.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument(
        "--octets", type=int, default=4_400, help="of text; with HTML and headers about twice that"
    )
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    office = new_office()
    body = LINE * (given.octets // len(LINE))
    with stage(concurrency=given.concurrency) as there:
        for number in range(given.messages):
            queued(office.inbox, f"ann{number}@customer.example", plain_body=body)
        if given.profile:
            settings.TRANSPORT = f"smtp://127.0.0.1:{there.sink.port}?tls=never"
            attempts.transport.cache_clear()
            with cProfile.Profile() as profile:
                while claim := claims.claim_many(senders.AT_ONCE, by_person=True):
                    for each in claim:
                        attempts.attempt(each)
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        else:
            running = there.start_worker()
            there.start_beat()
            there.wait_until_sent(given.messages, 600)
            print(f"worker: {running.resident()} MiB resident")
            print(f"worker: {1000 * running.cpu() / given.messages:.1f} ms of CPU a message")
        taken = there.sink.taken
        seconds = taken[-1].taken_at - taken[0].taken_at
        print(f"{(len(taken) - 1) / seconds:.0f} messages/s of {taken[0].octets} octets")


if __name__ == "__main__":
    main()
