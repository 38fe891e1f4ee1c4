"""MTA-STS (RFC 8461): what a domain says about the TLS of the servers that take its mail."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Mode = Literal["enforce", "testing", "none"]

MOST_OCTETS = 64 * 1024
_LONGEST_AGE = 31_557_600  # seconds, RFC 8461 §3.2
_MOST_PATTERNS = 100
_MODES: dict[str, Mode] = {"enforce": "enforce", "testing": "testing", "none": "none"}
_ID = re.compile(r"[A-Za-z0-9]{1,32}\Z")
_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\Z")


@dataclass(frozen=True, slots=True)
class Policy:
    """A domain's policy. `mx`: host names in lower case, of which `*.` stands for one label."""

    mode: Mode
    mx: tuple[str, ...]
    max_age: int  # seconds

    def covers(self, host: str) -> bool:
        """Whether mail may be given to `host`, with or without a final dot (§4.1)."""
        name = host.lower().rstrip(".")
        parent = name.partition(".")[2]
        return any(
            parent == pattern[2:] if pattern.startswith("*.") else name == pattern
            for pattern in self.mx
        )


def policy_id(texts: Iterable[str]) -> str:
    """The id in the TXT records of `_mta-sts.<domain>`; "" where there is no policy (§3.1)."""
    records = [text for text in texts if re.match(r"v=STSv1[ \t]*(?:;|\Z)", text)]
    if len(records) != 1:
        return ""
    for field in records[0].split(";")[1:]:
        name, _, value = field.strip(" \t").partition("=")
        if name.strip(" \t") == "id":
            value = value.strip(" \t")
            return value if _ID.match(value) else ""
    return ""


def read_policy(text: str) -> Policy:
    """The policy that a web server gave out (§3.2). Raises ValueError, naming what is wrong."""
    fields: dict[str, str] = {}
    patterns: list[str] = []
    for line in text.splitlines():
        name, colon, value = (part.strip(" \t") for part in line.partition(":"))
        if not colon and name:
            raise ValueError("a line is no key and value")
        if name == "mx":
            patterns.append(value.lower().rstrip("."))
        else:
            fields.setdefault(name, value)
    if fields.get("version") != "STSv1":
        raise ValueError("the version is not STSv1")
    mode = _MODES.get(fields.get("mode", ""))
    if mode is None:
        raise ValueError("the mode is unknown")
    age = fields.get("max_age", "")
    if not re.match(r"[0-9]{1,10}\Z", age):
        raise ValueError("max_age is no number")
    if len(patterns) > _MOST_PATTERNS or not all(map(_PATTERN.match, patterns)):
        raise ValueError("an mx is no host name")
    if not patterns and mode != "none":
        raise ValueError("it names no mx")
    return Policy(mode, tuple(patterns), min(int(age), _LONGEST_AGE))
