"""How long the API takes for a page of messages and for a conversation, with much mail stored.

    DATABASE_URL=postgres:///scratch python -m bench.api_pages --key tk_...

Starts a web process of its own on the database that `bench.fill` filled, and asks it over a real
socket, one request at a time. Milliseconds; the first requests of each kind are left out.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from urllib.parse import urlencode

WARM_UP = 20


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Caller:
    """Asks with a key over one connection that is kept."""

    def __init__(self, port: int, key: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.key = key

    def get(self, path: str) -> tuple[float, dict[str, object]]:
        """Milliseconds until the whole answer is there, and the answer."""
        started = time.perf_counter()
        self.connection.request("GET", path, headers={"X-API-Key": self.key})
        response = self.connection.getresponse()
        body = response.read()
        taken = (time.perf_counter() - started) * 1000
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status} {body[:300]!r}")
        return taken, json.loads(body)


def wait_until_it_answers(caller: Caller) -> None:
    for _ in range(300):
        try:
            caller.get("/v1/me")
        except OSError:
            caller.connection.close()
            time.sleep(0.1)
        else:
            return
    raise SystemExit("Daphne does not answer.")


def measure(caller: Caller, name: str, paths: list[str], rounds: int) -> None:
    for number in range(WARM_UP):
        caller.get(paths[number % len(paths)])
    times = sorted(caller.get(paths[number % len(paths)])[0] for number in range(rounds))
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    print(
        f"{name:42} p50 {statistics.median(times):7.1f}  p95 {times[int(len(times) * 0.95)]:7.1f}"
        f"  p99 {p99:7.1f}  max {times[-1]:7.1f}",
        flush=True,
    )


def cursors(caller: Caller, path: str, pages: int) -> list[str]:
    """The paths of the first pages of a list, walked by cursor."""
    found = [path]
    for _ in range(pages - 1):
        pagination = caller.get(found[-1])[1]["pagination"]
        assert isinstance(pagination, dict)
        if not pagination["nextCursor"]:
            break
        joint = "&" if "?" in path else "?"
        found.append(f"{path}{joint}{urlencode({'cursor': pagination['nextCursor']})}")
    return found


def run(caller: Caller, rounds: int) -> None:
    inboxes = caller.get("/v1/inboxes")[1]["inboxes"]
    assert isinstance(inboxes, list)
    large, small = f"/v1/inboxes/{inboxes[0]['id']}", f"/v1/inboxes/{inboxes[-1]['id']}"
    measure(caller, "me", ["/v1/me"], rounds)
    listed = cursors(caller, f"{large}/messages", 20)
    measure(caller, "messages, first page, largest inbox", listed[:1], rounds)
    measure(caller, "messages, first page, smallest inbox", [f"{small}/messages"], rounds)
    measure(caller, "messages, 20 pages by cursor", listed, rounds)
    measure(caller, "messages, offset 10000", [f"{large}/messages?offset=10000"], rounds // 5)
    page = caller.get(listed[0])[1]["messages"]
    assert isinstance(page, list)
    some = next(one for one in page if one["direction"] == "inbound")
    moment = {"since": "2026-01-01", "until": "2026-02-01"}
    for name, filters in {
        "unread": {"unread": "true"},
        "outbound": {"direction": "outbound"},
        "from": {"from": some["from"]},
        "from, unknown": {"from": "nobody@nowhere.example"},
        "to": {"to": some["from"]},
        "to, our own address": {"to": inboxes[0]["email"]},
        "label, frequent": {"label": "billing"},
        "label, unknown": {"label": "no such label"},
        "since, until": moment,
        "q, the order's number": {"q": some["subject"].split("Order ")[-1].split(":")[0]},
        "q, in no message": {"q": "nowhere-to-be-found"},
        "q, on every message": {"q": "somebody"},
    }.items():
        measure(
            caller, f"messages, {name}", [f"{large}/messages?{urlencode(filters)}"], rounds // 5
        )
    threads = caller.get(f"{large}/threads?limit=200")[1]["threads"]
    assert isinstance(threads, list)
    long = [f"{large}/threads/{one['id']}" for one in threads if one["messageCount"] == 50]
    measure(caller, f"thread of 50 messages ({len(long)} of them)", long, rounds)
    measure(caller, "threads, first page, largest inbox", [f"{large}/threads"], rounds)
    for name, filters in {
        "open": {"status": "open"},
        "resolved": {"status": "resolved"},
        "participant": {"participant": some["from"]},
        "label": {"label": "refund"},
        "q, the order's number": {"q": some["subject"].split("Order ")[-1].split(":")[0]},
        "q, on every message": {"q": "somebody"},
    }.items():
        measure(caller, f"threads, {name}", [f"{large}/threads?{urlencode(filters)}"], rounds // 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", required=True, help="as bench.fill printed it")
    parser.add_argument("--rounds", type=int, default=500)
    options = parser.parse_args()
    port = free_port()
    command = [sys.executable, "-m", "mailagent.web", "-v", "0", "-b", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen([*command, "mailagent.asgi:application"], env=os.environ.copy())
    try:
        caller = Caller(port, options.key)
        wait_until_it_answers(caller)
        run(caller, options.rounds)
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main()
