"""`<state>/demo.json`, shown when the door opens."""

import json
from pathlib import Path
from typing import Any

from mailagent.supervisor.configuration import Configuration


def welcome(configuration: Configuration) -> str:
    """Where to go and how to get in, as a box."""
    rows = [
        ("Dashboard", f"http://{_host(configuration)}:{configuration.web_port}/"),
        ("SMTP", f"{_host(configuration)}:{configuration.smtp_port}"),
        *_credentials(configuration.state / "demo.json"),
    ]
    return boxed(rows)


def boxed(rows: list[tuple[str, str]]) -> str:
    """Two columns in a frame."""
    first = max(len(name) for name, _ in rows)
    lines = [f" {name:<{first}}  {text} " for name, text in rows]
    width = max(len(line) for line in lines)
    frame = "+" + "-" * width + "+"
    return "\n".join([frame, *(f"|{line:<{width}}|" for line in lines), frame])


def _host(configuration: Configuration) -> str:
    at = configuration.reachable_at
    return f"[{at}]" if ":" in at else at


def _credentials(path: Path) -> list[tuple[str, str]]:
    try:
        demo: dict[str, Any] = json.loads(path.read_text())
        return [
            ("Admin", _sign_in(demo["admin"])),
            ("Reviewer", _sign_in(demo["reviewer"])),
            ("Inbox", demo["inbox"]["email"]),
            ("API key", demo["inbox"]["apiKey"]),
            ("Kept in", str(path)),
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _sign_in(person: dict[str, str]) -> str:
    return f"{person['email']}  {person['password']}"
