"""Mail comes in and approved mail goes out while Valkey loses all it holds every 10 s: is each mail
that got 250 told on WebSocket and webhook, does each approved one leave once, and how long after
the load is all of that done?

    MAILAGENT_TRANSPORT='smtp://127.0.0.1:2625?tls=never' MAILAGENT_WEBHOOK_ALLOW=127.0.0.1/32 \\
        python3 manage.py up                              # in another terminal
    .venv/bin/python -m bench.valkey_flush --seconds 90 --sink-port 2625

The inbox's hold is taken off. Exits with 1 when anything is missing, sent twice, or later than
15 s after the load.
"""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from redis import Redis

from bench.approve_race import form_of, make_drafts
from bench.inbound_kill import deliver, listen
from bench.running import api, arguments, demo, machine, signed_in
from mailagent.supervisor.state import socket_folder
from tests.outbound.sink import Sink
from tests.webhooks.receiver import Receiver

IN_TIME = 15.0  # seconds after the load
PATIENCE = 90.0  # seconds after the load for what is late
EARS = 2  # agents on WebSocket


@dataclass(slots=True)
class Load:
    """What was asked of the system, and what it said."""

    acknowledged: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    flushes: int = 0


def steadily(deed: Callable[[], None], per_second: float, ended: threading.Event) -> None:
    """Do it so many times a second until `ended`; what takes longer is not made up for."""
    due = time.monotonic()
    while not ended.is_set():
        deed()
        due = max(due + 1 / per_second, time.monotonic())
        ended.wait(due - time.monotonic())


def bring(found: dict[str, Any], load: Load) -> None:
    """One mail with its own mark, by a careful sender."""
    one: queue.Queue[str] = queue.Queue()
    one.put(uuid4().hex)
    deliver(found, one, load.acknowledged)


def approve_next(browser: httpx.Client, draft_ids: list[str], load: Load) -> None:
    if not draft_ids:
        return
    draft_id = draft_ids.pop()
    answer = browser.post(f"/drafts/{draft_id}/approve", data=form_of(browser, draft_id))
    if answer.status_code < 400:
        load.approved.append(draft_id)
    else:
        load.refused[answer.status_code] += 1


def flush(valkey: Redis, load: Load) -> None:
    valkey.flushall()
    load.flushes += 1


def prepare(found: dict[str, Any], receiver: Receiver) -> str:
    """No hold, and a webhook for what comes in. The webhook's id."""
    with api(found, found["workspace"]["key"]) as owner:
        inbox = found["inbox"]
        owner.patch(f"/inboxes/{inbox['id']}", json={"holdSeconds": 0}).raise_for_status()
        wanted = {"url": receiver.url, "events": ["message.received"], "inboxId": inbox["id"]}
        return str(owner.post("/webhooks", json=wanted).raise_for_status().json()["id"])


def run(found: dict[str, Any], draft_ids: list[str], asked: Any) -> Load:
    """The load, for so many seconds."""
    load, ended = Load(), threading.Event()
    browser = signed_in(found)
    valkey = Redis(unix_socket_path=str(socket_folder(Path(asked.state)) / "valkey.sock"))
    deeds: list[tuple[Callable[[], None], float]] = [
        (lambda: bring(found, load), asked.incoming / 2),
        (lambda: bring(found, load), asked.incoming / 2),
        (lambda: approve_next(browser, draft_ids, load), asked.outgoing),
        (lambda: flush(valkey, load), 1 / asked.every),
    ]
    threads = [threading.Thread(target=steadily, args=(*deed, ended)) for deed in deeds]
    for thread in threads:
        thread.start()
    time.sleep(asked.seconds)
    ended.set()
    for thread in threads:
        thread.join()
    return load


def missing(load: Load, heard: Sequence[Counter[str]], receiver: Receiver, sink: Sink) -> list[int]:
    """How many are not yet told to each ear and to the webhook, and how many have not left."""
    hooked = Counter(each.removeprefix("Question ") for each in receiver.subjects)
    untold = [sum(not told[mark] for mark in load.acknowledged) for told in (*heard, hooked)]
    return [*untold, len(load.approved) - len({each.header_message_id for each in sink.taken})]


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--every", type=float, default=10, help="seconds between FLUSHALLs")
    parser.add_argument("--incoming", type=float, default=10, help="mails a second")
    parser.add_argument("--outgoing", type=float, default=3, help="approvals a second")
    parser.add_argument("--sink-port", type=int, default=2625)
    asked = parser.parse_args()
    found = demo(asked.state)
    sink, receiver = Sink(port=asked.sink_port), Receiver()
    draft_ids = make_drafts(found, int(asked.seconds * asked.outgoing) + 1)
    webhook_id = prepare(found, receiver)
    done, heard = threading.Event(), [Counter[str]() for _ in range(EARS)]
    ears = [threading.Thread(target=listen, args=(found, told, done)) for told in heard]
    for ear in ears:
        ear.start()
    time.sleep(1)
    load = run(found, draft_ids, asked)
    began = time.monotonic()
    while any(left := missing(load, heard, receiver, sink)) and time.monotonic() < began + PATIENCE:
        time.sleep(0.1)
    late = time.monotonic() - began
    time.sleep(2)  # for what comes twice
    done.set()
    for ear in ears:
        ear.join()
    with api(found, found["workspace"]["key"]) as owner:
        owner.delete(f"/webhooks/{webhook_id}")
    copies = Counter(each.header_message_id for each in sink.taken)
    doubled = sum(count - 1 for count in copies.values())
    print(machine())
    print(
        f"{load.flushes} FLUSHALLs in {asked.seconds:.0f} s: {len(load.acknowledged)} mails in, ",
        end="",
    )
    print(f"{len(load.approved)} approved, refused {dict(load.refused)}")
    *untold, unsent = left
    print(f"untold on {EARS} WebSockets and the webhook: {untold}; ", end="")
    print(f"not sent: {unsent}; sent too often: {doubled}; all done after {late:.1f} s")
    raise SystemExit(1 if any(left) or doubled or load.refused or late > IN_TIME else 0)


if __name__ == "__main__":
    main()
