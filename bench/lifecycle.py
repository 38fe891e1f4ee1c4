"""How long `up` takes to start, first and next, what it keeps resident, and how long to stop.

    python3 manage.py install && .venv/bin/python -m bench.lifecycle --rounds 3

Starts its own system on free ports in a scratch state folder; nothing else is touched.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.running import descendants, machine

ROOT = Path(__file__).resolve().parent.parent
FROM_OUTSIDE = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "MAILAGENT_SECRET_KEY")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(state: str) -> tuple["subprocess.Popen[str]", float]:
    """Run `up` on `state`; seconds until it says that it is ready."""
    environment = {k: v for k, v in os.environ.items() if k not in FROM_OUTSIDE}
    environment |= {
        "MAILAGENT_STATE": state,
        "MAILAGENT_WEB_PORT": str(free_port()),
        "MAILAGENT_SMTP_PORT": str(free_port()),
        "PYTHONUNBUFFERED": "1",
    }
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "up"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "ready in" in line:
            return process, time.monotonic() - begun
    raise SystemExit(f"`up` ended with {process.wait()} before it was ready.")


def resident(pid: int) -> tuple[float, float]:
    """MiB of `pid` and all below: the plain sum (shared pages once per process), and the
    proportional one (each page once)."""
    plain = proportional = 0
    for each in [pid, *descendants(pid)]:
        status = Path(f"/proc/{each}/status").read_text()
        plain += int(status.partition("VmRSS:")[2].split()[0] if "VmRSS:" in status else 0)
        rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        proportional += int(rollup.partition("\nPss:")[2].split()[0])
    return plain / 1024, proportional / 1024


def stop(process: "subprocess.Popen[str]") -> float:
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(machine())
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="mailagent-") as state:
            for name in ("first", "next"):
                process, ready = start(state)
                time.sleep(5)
                plain, proportional = resident(process.pid)
                stopped = stop(process)
                print(
                    f"round {number}, {name} start: ready {ready:.1f} s, resident {plain:.0f} MiB "
                    f"(PSS {proportional:.0f} MiB), stop {stopped:.1f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
