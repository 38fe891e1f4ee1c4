"""How many messages a second come in: 20 SMTP sessions, 10 kB each, from connect to the last 250.

    python bench/inbound.py --demo var/demo.json            # a running stack: 1 and 20 inboxes
    python bench/inbound.py --smtp 127.0.0.1:2525 --to a@x.example --to b@x.example

Uses `smtp-source` (Debian: postfix) where it is installed, else a client of its own. Every 250 is
a message that is stored, parsed, threaded, searchable and told.
"""

import argparse
import json
import shutil
import smtplib
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

SENDER = "ann@customer.example"


def by_smtp_source(host: str, port: int, to: list[str], args: argparse.Namespace) -> None:
    """One smtp-source for one recipient, else one with a session for each."""
    sessions = args.sessions if len(to) == 1 else max(1, args.sessions // len(to))
    started = [
        subprocess.Popen(
            [
                "smtp-source",
                *("-s", str(sessions), "-m", str(args.messages // len(to))),
                *("-l", str(args.size), "-f", SENDER, "-t", address, f"{host}:{port}"),
            ]
        )
        for address in to
    ]
    if any(process.wait() for process in started):
        sys.exit("smtp-source failed")


def by_threads(host: str, port: int, to: list[str], args: argparse.Namespace) -> None:
    """The same with smtplib: a session per thread, kept open."""
    body = "\r\n".join("X" * 78 for _ in range(args.size // 80))

    def send(session: int) -> None:
        with smtplib.SMTP(host, port) as smtp:
            for n in range(session, args.messages, args.sessions):
                key = f"{time.time_ns()}.{session}.{n}@bench.example"
                head = f"From: {SENDER}\r\nTo: {to[n % len(to)]}\r\nMessage-ID: <{key}>\r\n\r\n"
                smtp.sendmail(SENDER, to[n % len(to)], head + body)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(args.sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def inboxes_of(demo: dict[str, Any], count: int) -> list[str]:
    """The demo's inbox and as many new ones as are missing."""
    made = [demo["inbox"]["email"]]
    while len(made) < count:
        request = urllib.request.Request(
            f"{demo['web']}/v1/inboxes",
            data=json.dumps({"username": f"bench{len(made)}"}).encode(),
            headers={"X-API-Key": demo["workspace"]["key"], "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            made.append(json.load(answer)["email"])
    return made


def measure(host: str, port: int, to: list[str], args: argparse.Namespace) -> float:
    send = by_smtp_source if shutil.which("smtp-source") and not args.own_client else by_threads
    began = time.monotonic()
    send(host, port, to, args)
    return float(args.messages / (time.monotonic() - began))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, help="demo.json of a running stack")
    parser.add_argument("--smtp", default="127.0.0.1:2525")
    parser.add_argument("--to", action="append", default=[])
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--own-client", action="store_true")
    args = parser.parse_args()
    host, _, port = args.smtp.rpartition(":")
    to = args.to
    if args.demo:
        demo = json.loads(args.demo.read_text())
        host, port = demo["smtp"]["host"], str(demo["smtp"]["port"])
        to = inboxes_of(demo, 20)
    if not to:
        parser.error("--demo or --to is needed")
    for recipients in [to[:1], to] if len(to) > 1 else [to]:
        rate = measure(host, int(port), recipients, args)
        print(f"{len(recipients)} inboxes: {rate:.0f} messages/s", flush=True)


if __name__ == "__main__":
    main()
