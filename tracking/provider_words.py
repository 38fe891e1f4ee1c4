"""What a provider that took a message in says of it besides its octets: whence it came, and whether
it is spam. Its word can put mail into Junk; it proves no sender."""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inboxes.findings import INFECTED, SPAM
from tracking.provider_octets import inside

# SpamAssassin's own threshold: the scores that come without a verdict are its scores.
SPAM_SCORE = 5.0
_SPF_CODES = {"-": "fail", "~": "softfail", "?": "neutral", "+": "pass"}
_SPF_RESULTS = frozenset(["pass", "fail", "softfail", "neutral", "none", "permerror"])


@dataclass(frozen=True, slots=True)
class Words:
    """`peer`: the address of the server that brought it, "" where it is not told; `spf`: a result
    of RFC 8601 or ""; `labels`: those that it earns by the provider's judgement."""

    peer: str = ""
    spf: str = ""
    labels: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def words_about(esp_event: Any, message: Any) -> Words:
    """`esp_event` as the provider has written it, `message` as anymail has read it."""
    score = _number(message.spam_score)
    detected = message.spam_detected
    if detected is None and score is not None:
        detected = score >= SPAM_SCORE
    labels = [SPAM] if detected else []
    if _verdict(esp_event, "virusVerdict") == "FAIL":
        labels.append(INFECTED)
    facts = {"spam": detected, "score": score}
    return Words(
        peer=_peer(esp_event),
        spf=_spf(esp_event),
        labels=tuple(labels),
        facts={name: value for name, value in facts.items() if value is not None},
    )


def rcpt_tos_of(esp_event: Any, message: Any) -> list[str]:
    """All recipients of the envelope, where anymail knows the first: SendGrid's, MailerSend's and
    Amazon's. Empty where the provider tells none."""
    named = (
        inside(_envelope(esp_event), "to")
        or inside(esp_event, "receipt", "recipients")
        or inside(esp_event, "data", "recipients", "rcptTo")
    )
    if isinstance(named, list):
        return [str(each.get("email", "") if isinstance(each, dict) else each) for each in named]
    return str(message.envelope_recipient).split(",") if message.envelope_recipient else []


def _envelope(esp_event: Any) -> Any:
    try:
        return json.loads(_posted(esp_event, "envelope"))
    except (ValueError, RecursionError):
        return None


def _peer(esp_event: Any) -> str:
    """SendGrid tells it."""
    try:
        return str(ipaddress.ip_address(_posted(esp_event, "sender_ip")))
    except ValueError:
        return ""


def _spf(esp_event: Any) -> str:
    """The result at the provider's door: of SendGrid, Mandrill, MailerSend, or Amazon SES."""
    said = (
        _posted(esp_event, "SPF")
        or _text(esp_event, "msg", "spf", "result")
        or _SPF_CODES.get(_text(esp_event, "data", "spf_check", "code"), "")
        or {"PASS": "pass", "FAIL": "fail"}.get(_verdict(esp_event, "spfVerdict"), "")
    )
    return said.lower() if said.lower() in _SPF_RESULTS else ""


def _posted(esp_event: Any, name: str) -> str:
    """A field of a form; "" where the provider sends JSON."""
    return str(getattr(esp_event, "POST", {}).get(name, ""))


def _verdict(esp_event: Any, name: str) -> str:
    return _text(esp_event, "receipt", name, "status").upper()


def _text(esp_event: Any, *path: str) -> str:
    found = inside(esp_event, *path)
    return found if isinstance(found, str) else ""


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return round(number, 2) if abs(number) < 10_000 else None
