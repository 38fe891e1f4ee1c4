"""The octets of a message in a provider's report of it, as whole as the provider passes them on."""

import base64
import binascii
from email.policy import SMTP
from typing import Any

# Header fields as they were written, where anymail has read them from the octets.
_AS_WRITTEN = SMTP.clone(refold_source="none")


def octets_of(esp_event: Any, message: Any) -> tuple[bytes, bool]:
    """The message with CRLF, and whether that is how the provider got it.

    It is not where the provider tells only parts of it, or where anymail fetched the octets and
    has kept but what it read in them: those are written anew.
    """
    raw = _raw_of(esp_event)
    if raw is None:
        return message.as_bytes(policy=_AS_WRITTEN), False
    is_whole = "\ufffd".encode() not in raw  # what was no UTF-8 has become that on the way
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n"), is_whole


def _raw_of(esp_event: Any) -> bytes | None:
    """The whole message in a provider's own report of it."""
    posted = getattr(esp_event, "POST", None)
    if posted is not None:  # Mailgun and SendGrid, when they are told to send all of it
        return _encoded(posted.get("body-mime") or posted.get("email"))
    if not isinstance(esp_event, dict):
        return None
    if raw := _encoded(esp_event.get("RawEmail")):  # Postmark
        return raw
    for path in (("msg", "raw_msg"), ("data", "raw")):  # Mandrill; MailerSend
        if raw := _encoded(inside(esp_event, *path)):
            return raw
    return _of_sparkpost(esp_event) or _of_ses(esp_event) or _of_postal(esp_event)


def _of_sparkpost(esp_event: dict[str, Any]) -> bytes | None:
    found = inside(esp_event, "msys", "relay_message", "content")
    if not isinstance(found, dict):
        return None
    text = found.get("email_rfc822")
    return _decoded(text) if found.get("email_rfc822_is_base64") else _encoded(text)


def _of_ses(esp_event: dict[str, Any]) -> bytes | None:
    action = inside(esp_event, "receipt", "action")
    if not isinstance(action, dict) or action.get("type") != "SNS":
        return None
    text = esp_event.get("content")
    return _decoded(text) if action.get("encoding") == "BASE64" else _encoded(text)


def _of_postal(esp_event: dict[str, Any]) -> bytes | None:
    text = esp_event.get("message")
    return _decoded(text) if esp_event.get("base64") else _encoded(text)


def inside(esp_event: Any, *path: str) -> Any:
    """What is at the end of `path` in nested JSON objects; None where there is nothing."""
    found = esp_event
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _encoded(text: Any) -> bytes | None:
    """Some give octets that are no UTF-8 as lone surrogates."""
    if not text or not isinstance(text, str):
        return None
    return text.encode("utf-8", "surrogateescape")


def _decoded(text: Any) -> bytes | None:
    if not text or not isinstance(text, str):
        return None
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return None
