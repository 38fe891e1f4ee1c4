"""A Celery worker, and beat, as processes of their own on the test's database and broker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from tests.database import database_url

ROOT = Path(__file__).resolve().parent.parent.parent


class CeleryProcess:
    def __init__(self, log: Path, module: str, *arguments: str, **environment: str) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "--loglevel", "INFO", *arguments],
                cwd=ROOT,
                env={
                    **os.environ,
                    "DATABASE_URL": database_url(),
                    "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
                    "REDIS_URL": settings.REDIS_URL,
                    "MAILAGENT_SECRET_KEY": settings.SECRET_KEY,
                    "MAILAGENT_DB_POOL": "true",
                    "MALLOC_ARENA_MAX": "2",
                    **environment,
                },
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def stop(self, seconds: float = 30) -> float:
        """SIGTERM; how long it took to end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        finally:
            self.kill()
        return time.monotonic() - began

    def cpu(self) -> float:
        """Seconds of CPU used so far, the start included."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """MiB of memory in use."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) // 1024


def worker(log: Path, transport: str, *, concurrency: int = 4) -> CeleryProcess:
    return CeleryProcess(
        log,
        *("mailagent.worker", f"--concurrency={concurrency}"),
        MAILAGENT_TRANSPORT=transport,
    )


def beat(log: Path, schedule: Path) -> CeleryProcess:
    return CeleryProcess(log, "mailagent.beat", "--schedule", str(schedule))


def eventually(is_so: Callable[[], bool], what: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")
