"""What the benchmarks share: a running system, found by the demo file that `up` writes."""

import argparse
import json
import os
import platform
import smtplib
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx


def arguments(what: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--state", default="var", help="The state folder of a running `up`.")
    return parser


def demo(state: str) -> dict[str, Any]:
    path = Path(state) / "demo.json"
    if not path.is_file():
        raise SystemExit(f"There is no {path}: start the system with `python3 manage.py up`.")
    return dict(json.loads(path.read_text()))


def machine() -> str:
    """One line for docs/benchmarks.md."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {version}"


def mail(number: int | str, *, rcpt_to: str, size: int = 10_000) -> bytes:
    """A plain mail of about `size` octets with its own Message-ID."""
    lines = "The quick brown fox jumps over the lazy dog, and comes back again.\r\n"
    head = (
        f"From: Customer {number} <customer-{number}@example.net>\r\nTo: {rcpt_to}\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <{number}@bench.example.net>\r\n"
        f"Date: Sat, 21 Nov 2026 04:00:00 +0000\r\nContent-Type: text/plain\r\n\r\n"
    )
    return (head + lines * max(1, (size - len(head)) // len(lines))).encode()


def client(found: dict[str, Any]) -> smtplib.SMTP:
    return smtplib.SMTP(found["smtp"]["host"], found["smtp"]["port"], timeout=30)


def api(found: dict[str, Any], key: str = "") -> httpx.Client:
    headers = {"X-API-Key": key or found["inbox"]["apiKey"]}
    return httpx.Client(base_url=f"{found['web']}/v1", headers=headers, timeout=60)


def signed_in(found: dict[str, Any], who: str = "reviewer") -> httpx.Client:
    """A browser's session: cookies, and the CSRF token in a header."""
    browser = httpx.Client(base_url=found["web"], timeout=60)
    browser.get("/sign-in").raise_for_status()
    token = browser.cookies["csrftoken"]
    answer = browser.post(
        "/sign-in",
        data={
            "username": found[who]["email"],
            "password": found[who]["password"],
            "csrfmiddlewaretoken": token,
        },
    )
    if answer.status_code != 302:
        raise SystemExit(f"Could not sign in as {found[who]['email']}: {answer.status_code}")
    browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
    return browser


def quantiles(seconds: Sequence[float]) -> str:
    """`p50`, `p99` and the extremes, in milliseconds."""
    ordered = sorted(1000 * each for each in seconds)
    last = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return (
        f"n={len(ordered)} min={ordered[0]:.1f} p50={statistics.median(ordered):.1f} "
        f"p99={last:.1f} max={ordered[-1]:.1f} ms"
    )


def descendants(pid: int) -> list[int]:
    """All processes below `pid`."""
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    children: dict[int, list[int]] = {}
    for line in listing.stdout.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
