"""2,000 messages at 20 sessions while mail, web, PostgreSQL and Valkey are each killed with -9
several times: nothing that got 250 may be lost, none may be there twice, all must be told.

    python3 manage.py up                                  # in another terminal
    .venv/bin/python -m bench.inbound_kill --count 2000 --kills 3
"""

import json
import os
import queue
import random
import signal
import smtplib
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from bench.running import api, arguments, demo, descendants, machine, mail

VICTIMS = {
    "mail": "serve_mail",
    "web": "mailagent.web",
    "postgres": "bin/postgres",
    "valkey": "valkey-server",
}


def kill(supervisor: int, mark: str) -> bool:
    for pid in descendants(supervisor):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        if mark in words:
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def deliver(found: dict[str, Any], marks: "queue.Queue[str]", acknowledged: list[str]) -> None:
    """As a careful sender: what got no 250 is tried again, the same octets."""
    rcpt_to = found["inbox"]["email"]
    smtp: smtplib.SMTP | None = None
    while True:
        try:
            mark = marks.get_nowait()
        except queue.Empty:
            return
        while True:
            try:
                if smtp is None:
                    smtp = smtplib.SMTP(found["smtp"]["host"], found["smtp"]["port"], timeout=20)
                smtp.sendmail("ann@example.net", [rcpt_to], mail(mark, rcpt_to=rcpt_to))
                acknowledged.append(mark)
                break
            except (smtplib.SMTPException, OSError):
                smtp = None
                time.sleep(0.3)


def listen(found: dict[str, Any], told: Counter[str], done: threading.Event) -> None:
    """An agent that reconnects and resumes by cursor; counts by event id."""
    url = found["web"].replace("http", "ws", 1) + "/v1/ws"
    headers = {"X-API-Key": found["inbox"]["apiKey"]}
    cursor, seen = "", set()
    while not done.is_set():
        try:
            with connect(url, additional_headers=headers, open_timeout=5) as socket:
                asked = {"type": "subscribe", "event_types": ["message.received"]}
                socket.send(json.dumps(asked | ({"after": cursor} if cursor else {})))
                while not done.is_set():
                    try:
                        frame = json.loads(socket.recv(timeout=1))
                    except TimeoutError:
                        continue
                    cursor = frame.get("cursor", cursor)
                    if frame["type"] == "event" and frame["event_id"] not in seen:
                        seen.add(frame["event_id"])
                        told[frame["message"]["subject"].removeprefix("Question ")] += 1
        except (OSError, WebSocketException):
            time.sleep(0.3)


def stored(found: dict[str, Any]) -> Counter[str]:
    """Message-IDs in the inbox, counted."""
    inbox, ids, cursor = found["inbox"]["email"], Counter[str](), None
    with api(found) as agent:
        while True:
            asked: dict[str, Any] = {"limit": 200} | ({"cursor": cursor} if cursor else {})
            page = agent.get(f"/inboxes/{inbox}/messages", params=asked).raise_for_status().json()
            ids.update(m["messageIdHeader"].partition("@")[0] for m in page["messages"])
            cursor = page["pagination"]["nextCursor"]
            if not cursor:
                return ids


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--kills", type=int, default=3, help="of each process")
    asked = parser.parse_args()
    found = demo(asked.state)
    supervisor = int((Path(asked.state) / "supervisor.lock").read_text().split()[0])
    wanted = [uuid4().hex for _ in range(asked.count)]
    marks: queue.Queue[str] = queue.Queue()
    for mark in wanted:
        marks.put(mark)
    acknowledged: list[str] = []
    told: Counter[str] = Counter()
    done = threading.Event()
    ear = threading.Thread(target=listen, args=(found, told, done))
    ear.start()
    time.sleep(1)
    senders = [
        threading.Thread(target=deliver, args=(found, marks, acknowledged))
        for _ in range(asked.sessions)
    ]
    start = time.monotonic()
    for sender in senders:
        sender.start()
    kills: Counter[str] = Counter()
    # Spread over the run: one kill each time another share of the mail is through.
    plan = [name for name in VICTIMS for _ in range(asked.kills)]
    random.shuffle(plan)
    for number, name in enumerate(plan, 1):
        share = number * asked.count // (len(plan) + 1)
        while len(acknowledged) < share and any(s.is_alive() for s in senders):
            time.sleep(0.01)
        kills[name] += kill(supervisor, VICTIMS[name])
    for sender in senders:
        sender.join()
    took = time.monotonic() - start
    end = time.monotonic() + 30
    while time.monotonic() < end and any(told[mark] == 0 for mark in wanted):
        time.sleep(0.5)
    done.set()
    ear.join()
    there = stored(found)
    lost = [mark for mark in acknowledged if not there[mark]]
    twice = [mark for mark in wanted if there[mark] > 1]
    untold = [mark for mark in wanted if there[mark] and not told[mark]]
    print(machine())
    print(f"{len(acknowledged)} acknowledged in {took:.1f} s with kills {dict(kills)}")
    print(f"lost {len(lost)}, twice {len(twice)}, not told {len(untold)}")
    raise SystemExit(1 if lost or twice or untold else 0)


if __name__ == "__main__":
    main()
