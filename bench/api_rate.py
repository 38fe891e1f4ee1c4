"""How many requests a second one web process answers: a message, a conversation, a page. And where
the time of each goes.

    DATABASE_URL=postgres:///scratch REDIS_URL=... python -m bench.api_rate --seconds 10 --profile

`--profile` asks each in this process as well, without a socket: milliseconds, database queries,
and the functions that cost most of their own time (cProfile doubles the absolute figures).
"""

import argparse
import cProfile
import http.client
import pstats
import threading
import time
from typing import Any

from bench.listeners import Audience, new_audience, web_process
from bench.running import machine, quantiles
from tests.events.listening import Web

# isort: split
from django.db import connection
from django.test import Client

from inboxes.models import Message, Thread
from tests.drafts.mail import receive

LONG = 10  # messages in the conversation
MESSAGES = 60
CONNECTIONS = 4
IN_PROCESS = 200  # requests
SHOWN = 12


def fill(audience: Audience) -> dict[str, str]:
    """Mail, and the paths to ask for."""
    inbox = audience.inboxes[0]
    first = receive(inbox, number=0)
    for number in range(1, MESSAGES):
        receive(inbox, number=number)
    some = Message.objects.filter(inbox=inbox).order_by("pk")[:LONG]
    Message.objects.filter(pk__in=[one.pk for one in some]).update(thread=first.thread_id)
    Thread.objects.filter(pk=first.thread_id).update(message_count=LONG)
    root = f"/v1/inboxes/{inbox.pk}"
    return {
        "one message": f"{root}/messages/{first.pk}",
        f"a thread of {LONG}": f"{root}/threads/{first.thread_id}",
        "a page of 50": f"{root}/messages?limit=50",
    }


def ask(web: Web, path: str, key: str, until: float, took: list[float]) -> None:
    """One connection, one request after the other."""
    caller = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    while time.perf_counter() < until:
        began = time.perf_counter()
        caller.request("GET", path, headers={"X-API-Key": key})
        response = caller.getresponse()
        response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status}")
        took.append(time.perf_counter() - began)
    caller.close()


def over_the_socket(web: Web, name: str, path: str, key: str, seconds: float) -> None:
    ask(web, path, key, time.perf_counter() + 1, [])  # warm-up
    took: list[float] = []
    until = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=ask, args=(web, path, key, until, took)) for _ in range(CONNECTIONS)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    print(f"{name}: {len(took) / seconds:.0f} requests/s; {quantiles(took)}", flush=True)


def in_process(name: str, path: str, key: str) -> None:
    client = Client(headers={"X-API-Key": key, "Host": "127.0.0.1"})
    for _ in range(20):
        client.get(path)
    queries: list[str] = []

    def note(execute: Any, sql: str, *more: Any) -> Any:
        queries.append(sql)
        return execute(sql, *more)

    with connection.execute_wrapper(note):
        answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    began = time.perf_counter()
    for _ in range(IN_PROCESS):
        client.get(path)
    each = 1000 * (time.perf_counter() - began) / IN_PROCESS
    print(f"\n{name}: {each:.1f} ms in process, {len(queries)} queries", flush=True)
    with cProfile.Profile() as profile:
        for _ in range(IN_PROCESS):
            client.get(path)
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(SHOWN)
    pstats.Stats(profile).strip_dirs().sort_stats("cumulative").print_stats(4 * SHOWN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    audience = new_audience()
    paths = fill(audience)
    print(machine())
    with web_process() as web:
        for name, path in paths.items():
            over_the_socket(web, name, path, audience.key, asked.seconds)
    for name, path in paths.items() if asked.profile else ():
        in_process(name, path, audience.key)


if __name__ == "__main__":
    main()
