"""Does a reader by cursor skip an event? Twenty write, each waiting some time before it commits or
gives up; readers of different appetite follow the log meanwhile, as `GET /v1/events` does.

    DATABASE_URL=postgres:///scratch python -m bench.event_writers --writers 20 --events 20000

Needs a migrated database. Exits with 1 when a reader skipped, repeated or made up an event.
"""

import argparse
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")
os.environ.setdefault("MAILAGENT_DB_POOL", "false")
os.environ.setdefault("MAILAGENT_LOG_LEVEL", "ERROR")
if __name__ == "__main__":
    django.setup()

from django.db import connection, transaction
from django.db.models import Q

from bench.running import machine
from events.log import Cursor, emit, end
from events.models import EventType
from events.polling import read_page

APPETITES = (1, 7, 50, 200)  # events in one page, for each reader
MOST_TOGETHER = 5  # events in one transaction
GIVEN_UP = 0.1  # of the transactions
PATIENCE = 120  # seconds after the last commit


class GivenUp(Exception):
    """The writer thinks better of it."""


def write(workspace_id: UUID, writer: int, count: int, delay: float) -> list[str]:
    """Emit `count` events; what was committed, in this writer's order."""
    dice, committed = random.Random(writer), list[str]()
    try:
        while len(committed) < count:
            together = min(dice.randint(1, MOST_TOGETHER), count - len(committed))
            names = [f"{writer}-{len(committed) + n}" for n in range(together)]
            try:
                with transaction.atomic():
                    for name in names:
                        kind = EventType.THREAD_UPDATED
                        emit(kind, workspace_id=workspace_id, payload={"name": name})
                    time.sleep(dice.expovariate(1 / delay))
                    if dice.random() < GIVEN_UP:
                        raise GivenUp
            except GivenUp:
                continue
            committed += names
    finally:
        connection.close()
    return committed


def read(workspace_id: UUID, start: Cursor, appetite: int, end_at: "Ending") -> list[str]:
    """Follow the log until all is written and read, and nothing more comes."""
    found, after = list[str](), start
    try:
        while True:
            may_end = end_at.is_over(len(found))
            told, after = read_page(Q(workspace_id=workspace_id), after, appetite)
            found += [each.event.payload["name"] for each in told]
            if may_end and not told:
                return found
            if not told:
                time.sleep(0.01)
    finally:
        connection.close()


class Ending:
    """When readers may stop: all is committed and read, or they have waited long enough. Any
    transaction that still runs on the server, of other databases too, holds the log back."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._written_at = 0.0

    def all_written(self) -> None:
        self._written_at = time.monotonic()

    def is_over(self, found: int) -> bool:
        if not self._written_at:
            return False
        return found >= self._wanted or time.monotonic() - self._written_at > PATIENCE


def judge(found: list[str], committed: list[list[str]]) -> str:
    """What is wrong with what a reader found; "" where nothing is."""
    wanted = {name for each in committed for name in each}
    skipped, made_up = wanted - set(found), set(found) - wanted
    repeated = len(found) - len(set(found))
    places = {name: place for place, name in enumerate(found)}
    known = [[places[name] for name in each if name in places] for each in committed]
    disordered = sum(each != sorted(each) for each in known)
    if skipped or made_up or repeated or disordered:
        return (
            f"skipped {len(skipped)}, repeated {repeated}, made up {len(made_up)}, "
            f"writers out of order {disordered}"
        )
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description="Do readers by cursor skip an event?")
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--delay", type=float, default=0.03, help="Mean seconds before a commit.")
    asked = parser.parse_args()
    each = asked.events // asked.writers
    workspace_id, start, ending = uuid4(), end(), Ending(each * asked.writers)
    began = time.perf_counter()
    with ThreadPoolExecutor(asked.writers + len(APPETITES)) as pool:
        readers = [pool.submit(read, workspace_id, start, most, ending) for most in APPETITES]
        writers = [
            pool.submit(write, workspace_id, n, each, asked.delay) for n in range(asked.writers)
        ]
        committed = [writer.result() for writer in writers]
        written = time.perf_counter() - began
        ending.all_written()
        found = [reader.result() for reader in readers]
    took = time.perf_counter() - began
    print(machine())
    print(f"{asked.writers} writers, {sum(map(len, committed))} events in {written:.1f} s")
    faults = [judge(one, committed) for one in found]
    for appetite, one, fault in zip(APPETITES, found, faults, strict=True):
        print(f"  reader of {appetite} a page: {len(one)} events, {fault or 'none skipped'}")
    print(f"all read {took - written:.1f} s after the last commit")
    raise SystemExit(1 if any(faults) else 0)


if __name__ == "__main__":
    main()
