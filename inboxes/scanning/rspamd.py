"""Rspamd: POST /checkv2 (rspamd.com, Protocol)."""

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from inboxes.scanning.verdicts import Carried, Scan, Unscanned

_SPAM = frozenset(("add header", "rewrite subject", "reject", "quarantine", "discard"))
_ACTIONS = _SPAM | {"no action", "greylist", "soft reject"}
_MOST_ANSWER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rspamd:
    """`url`: of the scanning worker, `http://127.0.0.1:11333`."""

    url: str

    def scan(self, raw: bytes, carried: Carried, seconds: float) -> Scan:
        """Have `raw` judged. Raises Unscanned."""
        until = time.monotonic() + seconds
        try:
            answer = json.loads(self._asked(raw, carried, until))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise Unscanned(f"rspamd: {type(error).__name__}") from error
        return _verdict(answer)

    def _asked(self, raw: bytes, carried: Carried, until: float) -> bytes:
        url, headers = f"{self.url.rstrip('/')}/checkv2", _headers(carried)
        timeout = max(0.05, until - time.monotonic())
        answer = b""
        with httpx.stream(
            "POST", url, content=raw, headers=headers, timeout=timeout, trust_env=False
        ) as response:
            response.raise_for_status()
            for piece in response.iter_bytes():
                answer += piece
                if len(answer) > _MOST_ANSWER or time.monotonic() > until:
                    raise Unscanned("rspamd: the answer does not end")
        return answer


def _headers(carried: Carried) -> list[tuple[bytes, bytes]]:
    told = [("From", carried.mail_from), ("IP", carried.peer), ("Helo", carried.helo)]
    told += [("Rcpt", rcpt_to) for rcpt_to in carried.rcpt_tos[:100]]
    return [(name.encode(), _field(value)) for name, value in told if value]


def _field(value: str) -> bytes:
    """A header value of HTTP: no control characters, whatever a client has said in HELO."""
    return "".join(c if c.isprintable() else "?" for c in value).encode("utf-8", "replace")[:500]


def _verdict(answer: Any) -> Scan:
    action = answer.get("action") if isinstance(answer, dict) else None
    if not isinstance(action, str) or action not in _ACTIONS:
        raise Unscanned("rspamd: no verdict")
    # What it skips may be spam all the same: by a pattern that needs no other rule, as GTUBE.
    if answer.get("is_skipped") and action not in _SPAM:
        raise Unscanned("rspamd: skipped")
    facts: dict[str, Any] = {"action": action}
    if isinstance(score := answer.get("score"), int | float):
        facts["score"] = round(float(score), 2)
    if isinstance(symbols := answer.get("symbols"), dict):
        facts["symbols"] = sorted(str(name)[:60] for name in symbols)[:40]
    return Scan(is_bad=action in _SPAM, facts=facts)
