"""`manage.py up` in a process of its own, on a state folder and free ports."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.supervisor.conftest import ROOT, eventually

LEFT_OUT = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "MAILAGENT_DB_POOL")


def free_ports(count: int = 2) -> list[int]:
    doors = [socket.socket() for _ in range(count)]
    for door in doors:
        door.bind(("127.0.0.1", 0))
    ports = [door.getsockname()[1] for door in doors]
    for door in doors:
        door.close()
    return ports


class Up:
    """One `manage.py up`. `environment`: settings beside its folder and ports."""

    def __init__(self, state: Path, *, waits: bool = True, **environment: str) -> None:
        web_port, smtp_port = free_ports()
        settings = {
            "MAILAGENT_STATE": str(state),
            "MAILAGENT_WEB_PORT": str(web_port),
            "MAILAGENT_SMTP_PORT": str(smtp_port),
            **environment,
        }
        self.web_port = int(settings["MAILAGENT_WEB_PORT"])
        self.smtp_port = int(settings["MAILAGENT_SMTP_PORT"])
        self.environment = {k: v for k, v in os.environ.items() if k not in LEFT_OUT} | settings
        self.log = state.with_name(f"up-{state.name}-{time.monotonic_ns()}.log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if waits:
            self.wait_until_open()

    def wait_until_open(self) -> None:
        eventually(self._is_open_or_ended, "up", 120)
        assert self.process.poll() is None, self.log.read_text()

    def _is_open_or_ended(self) -> bool:
        return "ready in" in self.log.read_text() or self.process.poll() is not None

    def stop(self) -> float:
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return time.monotonic() - began
