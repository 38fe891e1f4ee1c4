"""A real web process on a free port, and how tests listen to it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from websockets.asyncio.client import ClientConnection, connect

from events import log
from events.ids import new_id
from events.models import EventType
from tests.database import database_url

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Web:
    """A running web process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def listen(self, path: str = "/v1/ws", **options: Any) -> connect:
        """A client of a socket; `async with`."""
        return connect(f"ws://127.0.0.1:{self.port}{path}", **options)

    def listen_with(self, key: str, **options: Any) -> connect:
        return self.listen(additional_headers={"X-API-Key": key}, **options)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_web(port: int, **environment: str) -> Web:
    """`python -m mailagent.web`, ready to answer."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "mailagent.web", "-b", "127.0.0.1", "-p", str(port)),
            *("-v", "0", "--application-close-timeout", "2", "mailagent.asgi:application"),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "MAILAGENT_SECRET_KEY": settings.SECRET_KEY,
            **environment,
        },
    )
    web = Web(port, process)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            # Not the open door alone: behind it somebody must listen to signals, too.
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20):
                return web
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise AssertionError("The web process did not start.")


def stop_web(web: Web) -> None:
    web.process.terminate()
    try:
        web.process.wait(10)
    except subprocess.TimeoutExpired:
        web.process.kill()
        web.process.wait()


def tell(workspace_id: UUID, inbox_id: UUID | None = None, **facts: Any) -> None:
    """One small event."""
    log.emit(
        facts.pop("type", EventType.MESSAGE_RECEIVED),
        workspace_id=workspace_id,
        inbox_id=inbox_id,
        thread_id=facts.pop("thread_id", None) or new_id(),
        message_id=facts.pop("message_id", None) or new_id(),
        draft_id=facts.pop("draft_id", None),
        payload={"from": "ann@customer.example", "to": ["support@acme.example"], **facts},
    )


async def hear(client: ClientConnection, *, within: float = 30.0) -> dict[str, Any]:
    """The next frame that is not a ping."""
    while True:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), within))
        if frame["type"] != "ping":
            return frame


async def subscribe(client: ClientConnection, **wanted: Any) -> dict[str, Any]:
    """Subscribe; what the server answered."""
    await client.send(json.dumps({"type": "subscribe", **wanted}))
    frame = await hear(client)
    return await hear(client) if frame["type"] == "connected" else frame
