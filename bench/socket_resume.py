"""Readers that are cut off every few seconds and go on by cursor: is an event missing, is the
order of an inbox kept?

    DATABASE_URL=postgres:///scratch REDIS_URL=... python -m bench.socket_resume --minutes 10

Half of the cuts are without goodbye, so that what is under way is lost. A repeat at the seam is
allowed, and counted. Exits with 1 when something is missing or out of order.
"""

import argparse
import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field

from bench.listeners import Audience, emit_steadily, new_audience, web_process
from bench.running import machine
from tests.events.listening import Web

# isort: split
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

CUT_EVERY = (1.0, 5.0)  # seconds
PATIENCE = 60  # seconds after the last event


@dataclass
class Reader:
    """Hears everything, over many connections."""

    dice: random.Random
    wanted: int
    cursor: str = ""
    seen: set[str] = field(default_factory=set)
    last: dict[str, int] = field(default_factory=dict)  # number of the newest event, by inbox
    counts: Counter[str] = field(default_factory=Counter)

    async def read(self, web: Web, key: str, started: asyncio.Event) -> None:
        while len(self.seen) < self.wanted:
            try:
                async with web.listen_with(key, close_timeout=2) as socket:
                    await self._one_connection(socket, started)
            except (ConnectionClosed, OSError):
                self.counts["lost"] += 1

    async def _one_connection(self, socket: ClientConnection, started: asyncio.Event) -> None:
        after = {"after": self.cursor} if self.cursor else {}
        await socket.send(json.dumps({"type": "subscribe", **after}))
        try:
            async with asyncio.timeout(self.dice.uniform(*CUT_EVERY)):
                async for text in socket:
                    self._take(json.loads(text))
                    started.set()
                    if len(self.seen) == self.wanted:
                        return
        except TimeoutError:
            self.counts["cuts"] += 1
            if self.dice.random() < 0.5:
                socket.transport.abort()

    def _take(self, frame: dict[str, object]) -> None:
        self.cursor = str(frame.get("cursor") or self.cursor)
        if frame["type"] != "event":
            self.counts[f"{frame['type']} frames"] += frame["type"] in ("error", "reset")
            return
        if str(frame["event_id"]) in self.seen:
            self.counts["repeats"] += 1
            return
        self.seen.add(str(frame["event_id"]))
        message = frame["message"]
        assert isinstance(message, dict)
        inbox, number = message["inbox_id"], int(message["subject"])
        self.counts["out of order"] += number != self.last.get(inbox, -1) + 1
        self.last[inbox] = number


async def run(audience: Audience, web: Web, readers: list[Reader], per_second: float) -> None:
    """All readers listen before the first event; then until all have everything."""
    started = [asyncio.Event() for _ in readers]
    reading = [
        asyncio.create_task(reader.read(web, audience.key, event))
        for reader, event in zip(readers, started, strict=True)
    ]
    await asyncio.gather(*(event.wait() for event in started))
    await asyncio.sleep(1)  # subscribed, not only connected
    wanted = readers[0].wanted
    await asyncio.to_thread(emit_steadily, audience.inboxes, wanted, per_second)
    await asyncio.wait(reading, timeout=PATIENCE)
    for one in reading:
        one.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--inboxes", type=int, default=5)
    parser.add_argument("--per-second", type=float, default=50)
    asked = parser.parse_args()
    count = int(asked.minutes * 60 * asked.per_second)
    readers = [Reader(random.Random(number), count) for number in range(asked.readers)]
    audience = new_audience(asked.inboxes)
    with web_process() as web:
        asyncio.run(run(audience, web, readers, asked.per_second))
    total: Counter[str] = Counter()
    for reader in readers:
        total += reader.counts
        total["missing"] += count - len(reader.seen)
    print(machine())
    print(
        f"{count} events at {asked.per_second:g}/s, {len(readers)} readers, {asked.minutes:g} min"
    )
    for name in (
        "cuts",
        "lost",
        "repeats",
        "missing",
        "out of order",
        "error frames",
        "reset frames",
    ):
        print(f"  {name}: {total[name]}")
    raise SystemExit(1 if total["missing"] or total["out of order"] else 0)


if __name__ == "__main__":
    main()
