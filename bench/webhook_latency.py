"""From the commit of an event to its request at the receiver, through a courier in a process of
its own.

    DATABASE_URL=postgres:///scratch REDIS_URL=... python -m bench.webhook_latency --count 500
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.listeners import emit, new_audience
from bench.running import machine, quantiles
from events.webhooks import managing
from tests.events.listening import ROOT
from tests.webhooks.receiver import Receiver

COURIER = """
import django, threading
django.setup()
from events.webhooks import courier
courier.begin()
threading.Event().wait()
"""
WARM_UP = 20
PATIENCE = 30  # seconds


@contextmanager
def courier_process() -> Iterator[None]:
    """What a worker process runs beside Celery."""
    environment = {**os.environ, "MAILAGENT_WEBHOOK_ALLOW": "127.0.0.0/8"}
    process = subprocess.Popen([sys.executable, "-c", COURIER], cwd=ROOT, env=environment)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def wait_for(receiver: Receiver, count: int) -> None:
    until = time.monotonic() + PATIENCE
    while len(receiver.taken) < count:
        if time.monotonic() > until:
            raise SystemExit(f"{len(receiver.taken)} of {count} requests came.")
        time.sleep(0.005)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--per-second", type=float, default=20)
    parser.add_argument("--ordered", action="store_true")
    asked = parser.parse_args()
    inbox = new_audience().inboxes[0]
    receiver = Receiver()
    wanted = {"events": ["message.received"], "inbox_id": inbox.pk, "ordered": asked.ordered}
    managing.create(inbox.workspace_id, url=receiver.url, by="bench", **wanted)
    committed: dict[str, float] = {}
    with courier_process():
        for number in range(WARM_UP):
            emit(inbox, f"warm {number}")
        wait_for(receiver, WARM_UP)
        for number in range(asked.count):
            committed[str(number)] = emit(inbox, str(number))
            time.sleep(1 / asked.per_second)
        wait_for(receiver, WARM_UP + asked.count)
    came = {one.body["subject"]: one.at for one in receiver.taken}
    receiver.close()
    print(machine())
    print("commit to request:", quantiles([came[name] - at for name, at in committed.items()]))


if __name__ == "__main__":
    main()
