"""Time opens and clicks on one web process: hits at a steady rate, and how many went on record.

    DATABASE_URL=postgres:///scratch REDIS_URL=... python -m bench.tracking_hits --rate 1000

Each hit has its moment, kept whether or not earlier ones were answered; its latency is counted from
that moment, so that a server that stands still is not spared. Connections stay open, as a proxy in
front keeps them. Starts a web process of its own on the migrated database that it is given, stops
it with SIGTERM, and then counts the rows.
"""

import argparse
import asyncio
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from bench.running import machine, quantiles
from bench.stage import new_office
from inboxes.models import Inbox, Message, Thread
from tests.events.listening import Web, free_port, start_web
from tracking.models import Hit, TrackedLink

LINKS = 3  # and a picture, of each message
FIELDS = "Host: track.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux) Firefox/128.0\r\n\r\n"


@transaction.atomic
def fill(inbox: Inbox, messages: int) -> list[TrackedLink]:
    now = timezone.now()
    thread = Thread.objects.create(inbox=inbox, subject="Bench", last_message_at=now)
    made = Message.objects.bulk_create(
        Message(inbox=inbox, thread=thread, direction="outbound", status="sent", sent_at=now)
        for _ in range(messages)
    )
    return TrackedLink.objects.bulk_create(
        TrackedLink(
            message=message,
            position=n,
            target=f"https://shop.example/{secrets.token_hex(8)}" if n else "",
        )
        for message in made
        for n in range(LINKS + 1)
    )


@dataclass
class Tally:
    seconds: list[float] = field(default_factory=list)
    wrong: int = 0


class Visitor(asyncio.Protocol):
    """One connection: one hit after the other, each from the moment it was due."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.due: list[tuple[float, bytes]] = []
        self.asked: float | None = None
        self.got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def hit(self, due: float, request: bytes) -> None:
        self.due.append((due, request))
        if self.asked is None:
            self._next()

    def _next(self) -> None:
        if not self.due:
            self.asked = None
            return
        self.asked, request = self.due.pop(0)
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.got += data
        head, end, body = self.got.partition(b"\r\n\r\n")
        if not end or self.asked is None:
            return
        length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
        if len(body) < int(length or b"0"):
            return
        self.tally.seconds.append(time.perf_counter() - self.asked)
        self.tally.wrong += head[9:12] not in (b"200", b"302")
        self.got = b""
        self._next()


async def visit(web: Web, requests: list[bytes], rate: float, connections: int) -> Tally:
    loop, tally = asyncio.get_running_loop(), Tally()
    visitors: list[Visitor] = []
    for _ in range(connections):
        _, visitor = await loop.create_connection(lambda: Visitor(tally), "127.0.0.1", web.port)
        visitors.append(visitor)
    start = time.perf_counter() + 0.1
    for number, request in enumerate(requests):
        due = start + number / rate
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        idle = next((each for each in visitors if each.asked is None), None)
        (idle or visitors[number % connections]).hit(due, request)
    until = time.perf_counter() + 30
    while len(tally.seconds) < len(requests) and time.perf_counter() < until:
        await asyncio.sleep(0.05)
    return tally


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has taken, in user and system mode. Linux."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=1_000, help="Hits a second.")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--only", choices=["open", "click"])
    given = parser.parse_args()
    inbox = new_office().inbox
    links = fill(inbox, given.messages)
    paths = [f"/c/{link.token}" if link.target else f"/o/{link.token}.gif" for link in links]
    paths = [path for path in paths if not given.only or path[1] == given.only[0]]
    requests = [f"GET {path} HTTP/1.1\r\n{FIELDS}".encode() for path in paths]
    web = start_web(free_port(), MAILAGENT_DB_POOL="true")
    try:
        asyncio.run(visit(web, requests[:200], 200, given.connections))  # warm
        count = int(given.rate * given.seconds)
        wanted = (requests * (count // len(requests) + 1))[:count]
        before, own = cpu_of(web.process.pid), time.process_time()
        tally = asyncio.run(visit(web, wanted, given.rate, given.connections))
        cpu, own = cpu_of(web.process.pid) - before, time.process_time() - own
    finally:
        web.process.terminate()
        web.process.wait(30)
    stored = Hit.objects.filter(inbox=inbox).count() - min(200, len(requests))
    print(f"{machine()}\n{given.rate:g} hits/s for {given.seconds:g} s: {quantiles(tally.seconds)}")
    print(f"answered {len(tally.seconds)} of {count}, wrongly {tally.wrong}; on record {stored}")
    print(f"CPU for each: web {1e6 * cpu / count:.0f} µs, this script {1e6 * own / count:.0f} µs")


if __name__ == "__main__":
    main()
