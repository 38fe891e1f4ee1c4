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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.running import api, client, demo, descendants, machine, mail, signed_in

ROOT = Path(__file__).resolve().parent.parent
FROM_OUTSIDE = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "MAILAGENT_SECRET_KEY")

# A word of the command line, and what goes by it.
PARTS = {
    "up": "supervisor",
    "mailagent.web": "web",
    "serve_mail": "mail",
    "mailagent.worker": "worker",
    "mailagent.beat": "beat",
}


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


@dataclass(frozen=True)
class Memory:
    """What one process holds, in KiB: `plain` counts each shared page in full (RSS),
    `proportional` its share of it (PSS)."""

    what: str
    plain: int
    proportional: int


def resident(pid: int) -> list[Memory]:
    """Of `pid` and of all below it."""
    return [memory_of(each) for each in [pid, *descendants(pid)]]


def memory_of(pid: int) -> Memory:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    words = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").split()
    what = next(
        (one for one in words if one in PARTS), " ".join([Path(words[0]).name, *words[1:2]])
    )
    plain, proportional = (
        int(rollup.partition(f"\n{name}:")[2].split()[0]) for name in ("Rss", "Pss")
    )
    return Memory(PARTS.get(what, what), plain, proportional)


def told(held: Sequence[Memory]) -> str:
    """A line for each process, and their sums in MiB and in MB."""
    lines = [
        f"  {one.what}: RSS {one.plain / 1024:.1f} MiB, PSS {one.proportional / 1024:.1f} MiB"
        for one in sorted(held, key=lambda one: -one.proportional)
    ]
    plain = sum(one.plain for one in held) * 1024
    proportional = sum(one.proportional for one in held) * 1024
    lines.append(
        f"  resident: RSS {plain / 2**20:.0f} MiB ({plain / 1e6:.0f} MB), "
        f"PSS {proportional / 2**20:.0f} MiB ({proportional / 1e6:.0f} MB)"
    )
    return "\n".join(lines)


def use(state: str, mails: int) -> None:
    """Bring mail in and ask for pages and the API's description, so that all has been at work."""
    found = demo(state)
    address = found["inbox"]["email"]
    for number in range(mails):
        with client(found) as smtp:
            smtp.sendmail("ann@example.net", [address], mail(number, rcpt_to=address))
    for who, path in (("reviewer", "/"), ("admin", "/admin/"), ("admin", "/v1/openapi.json")):
        signed_in(found, who).get(path).raise_for_status()
    api(found).get(f"/inboxes/{found['inbox']['id']}/messages").raise_for_status()


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
                use(state, mails=10)
                time.sleep(5)
                held = resident(process.pid)
                stopped = stop(process)
                print(
                    f"round {number}, {name} start: ready {ready:.1f} s, stop {stopped:.1f} s, "
                    f"idle after 10 mails and some pages:\n{told(held)}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
