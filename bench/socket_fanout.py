"""Many WebSocket clients and one event for all of them: when the last has it, and what each client
costs the web process in resident memory.

    DATABASE_URL=postgres:///scratch REDIS_URL=... python -m bench.socket_fanout --clients 1000
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path

from bench.listeners import Audience, allow_many_files, emit, new_audience, web_process
from bench.running import machine, quantiles
from tests.events.listening import Web

# isort: split
from websockets.asyncio.client import ClientConnection

AT_ONCE = 50  # connections under way


def resident(pid: int) -> int:
    """KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


class Client:
    """Subscribed to everything; notes when each event came."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[str, float]] = asyncio.Queue()

    async def listen(
        self, web: Web, key: str, gate: asyncio.Semaphore, ready: asyncio.Event
    ) -> None:
        async with gate:
            socket = await web.listen_with(key, open_timeout=60)
            await socket.send('{"type": "subscribe", "event_types": ["message.received"]}')
            while '"subscribed"' not in str(await socket.recv()):
                continue
            ready.set()
        await self._hear(socket)

    async def _hear(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                now = time.time()
                frame = json.loads(text)
                if frame["type"] == "event":
                    self.came.put_nowait((frame["message"]["subject"], now))
        finally:
            socket.transport.abort()


async def connect_all(
    web: Web, key: str, count: int
) -> tuple[list[Client], list[asyncio.Task[None]]]:
    gate, clients = asyncio.Semaphore(AT_ONCE), [Client() for _ in range(count)]
    ready = [asyncio.Event() for _ in clients]
    tasks = [
        asyncio.create_task(client.listen(web, key, gate, event))
        for client, event in zip(clients, ready, strict=True)
    ]
    await asyncio.gather(*(event.wait() for event in ready))
    return clients, tasks


async def one_event(audience: Audience, clients: Sequence[Client], subject: str) -> list[float]:
    """Seconds from the commit to each client."""
    committed = await asyncio.to_thread(emit, audience.inboxes[0], subject)
    delays = []
    for client in clients:
        told, came = await asyncio.wait_for(client.came.get(), 30)
        assert told == subject
        delays.append(came - committed)
    return delays


async def run(audience: Audience, web: Web, count: int, rounds: int) -> None:
    pid = web.process.pid
    _, warm = await connect_all(web, audience.key, 20)
    empty = resident(pid)
    clients, tasks = await connect_all(web, audience.key, count)
    full = resident(pid)
    print(f"resident: {empty} KiB with 20, {full} KiB with {count} more clients", end="; ")
    print(f"{(full - empty) / count:.1f} KiB each")
    slowest = []
    for number in range(rounds):
        delays = await one_event(audience, clients, str(number))
        slowest.append(max(delays))
        await asyncio.sleep(0.5)
    print(f"commit to the last of {count}:", quantiles(slowest))
    after = resident(pid)
    print(f"resident after {rounds} events: {after} KiB; {(after - empty) / count:.1f} KiB each")
    for task in [*warm, *tasks]:
        task.cancel()
    await asyncio.gather(*warm, *tasks, return_exceptions=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    allow_many_files()
    audience = new_audience()
    print(machine())
    with web_process() as web:
        asyncio.run(run(audience, web, asked.clients, asked.rounds))


if __name__ == "__main__":
    main()
