"""The same request five times at once under one name, for 500 names, while the web process is
killed with -9 and started again: exactly 500 messages must come of it, all five told the same.

    MAILAGENT_TRANSPORT=catcher python3 manage.py up      # in another terminal
    .venv/bin/python -m bench.idempotency_kill --names 500 --every 10 --supervisor <pid of up>

The inbox's `reviewMode` is set to `off` for it, and set back afterwards.
"""

import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from bench.running import api, arguments, demo, descendants, machine

AT_ONCE = 5
PATIENCE = 300  # seconds


def web_processes(parent: int) -> list[int]:
    """The web processes below the supervisor."""
    found = []
    for pid in descendants(parent):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"mailagent.web" in words:
            found.append(pid)
    return found


def kill_now_and_then(parent: int, every: float, over: threading.Event) -> int:
    killed = 0
    while not over.wait(every):
        for pid in web_processes(parent):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


def ask(found: dict[str, Any], name: str) -> tuple[Counter[str], str]:
    """Ask until there is an answer: what a careful client does. How often it came to what, and the
    message that was told in the end ("": none)."""
    outcomes: Counter[str] = Counter()
    mail = {"to": "ann@example.net", "subject": name, "plainBody": "Once."}
    path = f"/inboxes/{found['inbox']['email']}/send"
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with api(found) as client:
                answer = client.post(path, json=mail, headers={"Idempotency-Key": name})
        except httpx.TransportError:
            outcomes["broken off"] += 1
        else:
            outcomes[str(answer.status_code)] += 1
            if answer.status_code == 200:
                return outcomes, str(answer.json()["messageId"])
        time.sleep(0.1)
    outcomes["given up"] += 1
    return outcomes, ""


def messages_of(found: dict[str, Any], run: str) -> int:
    with api(found) as client:
        path = f"/inboxes/{found['inbox']['email']}/messages"
        count, cursor = 0, ""
        while True:
            asked: dict[str, str | int] = {"limit": 200, "direction": "outbound"}
            asked |= {"cursor": cursor} if cursor else {}
            page = client.get(path, params=asked).raise_for_status().json()
            count += len([m for m in page["messages"] if m["subject"].startswith(run)])
            cursor = page["pagination"]["nextCursor"] or ""
            if not cursor:
                return count


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--names", type=int, default=500)
    parser.add_argument("--every", type=float, default=10, help="Seconds between two kills.")
    parser.add_argument("--supervisor", type=int, required=True, help="The process id of `up`.")
    asked = parser.parse_args()
    found = demo(asked.state)
    inbox = f"/inboxes/{found['inbox']['email']}"
    with api(found) as client:
        before = client.get(inbox).raise_for_status().json()["reviewMode"]
        client.patch(inbox, json={"reviewMode": "off"}).raise_for_status()
    run, over = uuid4().hex, threading.Event()
    names = [f"{run}-{number}" for number in range(asked.names)]
    start = time.perf_counter()
    outcomes: Counter[str] = Counter()
    told: dict[str, set[str]] = {name: set() for name in names}
    asking = sorted(names * AT_ONCE)
    with ThreadPoolExecutor(1) as killer, ThreadPoolExecutor(4 * AT_ONCE) as pool:
        killing = killer.submit(kill_now_and_then, asked.supervisor, asked.every, over)
        answers = pool.map(lambda name: ask(found, name), asking)
        for name, (counted, message_id) in zip(asking, answers, strict=True):
            outcomes.update(counted)
            told[name].add(message_id)
        over.set()
        killed = killing.result()
    took = time.perf_counter() - start
    ask(found, names[0])  # it is up again
    with api(found) as client:
        client.patch(inbox, json={"reviewMode": before}).raise_for_status()
    count = messages_of(found, run)
    print(machine())
    print(f"{len(names)} names, {AT_ONCE} at once, {killed} kills, in {took:.1f} s")
    for outcome, number in sorted(outcomes.items()):
        print(f"  {outcome}: {number}")
    differing = sum(len(ids) != 1 or "" in ids for ids in told.values())
    print(f"messages {count}, wanted {len(names)}; names with differing answers {differing}")
    raise SystemExit(0 if count == len(names) and not differing else 1)


if __name__ == "__main__":
    main()
