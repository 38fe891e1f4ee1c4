"""Signatures by the Standard Webhooks specification (v1, symmetric)."""

import base64
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from events.secrecy import decrypt, encrypt
from events.webhooks.models import Webhook

PREVIOUS_VALID = timedelta(hours=24)
_PREFIX = "whsec_"
_OCTETS = 32


def new_secret() -> str:
    """A secret as its owner sees it, once."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_OCTETS)).decode()


def seal(secret: str) -> bytes:
    """How it is kept."""
    return encrypt(secret.encode())


def secrets_of(webhook: Webhook, now: datetime) -> list[str]:
    """The secrets that sign now: for a day after a rotation also the one before."""
    sealed = [bytes(webhook.sealed_secret)]
    if webhook.sealed_previous_secret and (
        webhook.previous_secret_until is not None and now < webhook.previous_secret_until
    ):
        sealed.append(bytes(webhook.sealed_previous_secret))
    return [decrypt(each).decode() for each in sealed]


def headers(event_id: str, content: bytes, *, under: Iterable[str], at: datetime) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature` with one signature per secret."""
    timestamp = str(int(at.timestamp()))
    signed = f"{event_id}.{timestamp}.".encode() + content
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in under),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
