"""Notifications of providers that come as mail with JSON in it, such as Amazon SES's by SNS."""

import json
import re
from typing import Any

from tracking.report_classes import class_of, kind_of, reply_code_in, status_in
from tracking.reports import RECIPIENTS_LIMIT, WORDS_LIMIT, Class, Kind, Verdict

_LIMIT = 64 * 1024


def verdicts_of(text: str) -> list[Verdict] | None:
    """What a notification in `text` says; None where the text is none."""
    told = _object(text)
    if told is None:
        return None
    match told.get("notificationType", told.get("eventType")):
        case "Bounce":
            return _bounced(_inner(told, "bounce"))
        case "Complaint":
            people = _recipients(_inner(told, "complaint"), "complainedRecipients")
            return [Verdict(_address(one), Kind.COMPLAINT) for one in people]
        case "Delivery":
            arrived = _list(_inner(told, "delivery"), "recipients")
            return [Verdict(str(one)[:320], Kind.DELIVERED) for one in arrived]
    return None


def _object(text: str) -> dict[str, Any] | None:
    start = text.find("{")
    if start < 0 or text[:start].strip() or not re.search(r'"(?:notification|event)Type"', text):
        return None
    try:
        told, _ = json.JSONDecoder().raw_decode(re.sub(r"\r?\n", "", text[start : start + _LIMIT]))
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _inner(told: dict[str, Any], name: str) -> dict[str, Any]:
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def _recipients(told: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in _list(told, name) if isinstance(one, dict)]


def _list(told: dict[str, Any], name: str) -> list[Any]:
    found = told.get(name)
    return found[:RECIPIENTS_LIMIT] if isinstance(found, list) else []


def _address(one: dict[str, Any]) -> str:
    return str(one.get("emailAddress", ""))[:320]


def _bounced(bounce: dict[str, Any]) -> list[Verdict]:
    permanent = bounce.get("bounceType") == "Permanent"
    verdicts = []
    for one in _recipients(bounce, "bouncedRecipients"):
        words = str(one.get("diagnosticCode", ""))[:WORDS_LIMIT]
        status = status_in(str(one.get("status", "")))
        why = class_of(words, status)
        if why is Class.OTHER and permanent and bounce.get("bounceSubType") == "General":
            why = Class.MAILBOX_UNKNOWN
        kind = kind_of(why, temporary=not permanent)
        verdicts.append(Verdict(_address(one), kind, why, status, reply_code_in(words), words))
    return verdicts
