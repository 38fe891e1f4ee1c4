"""Mail that a provider took in for us: by the same door as all mail, `inboxes.arrival.deliver`."""

import base64
import binascii
import logging
from email.policy import SMTP
from typing import Any

from anymail.signals import AnymailInboundEvent
from django.utils import timezone

from inboxes.arrival import Envelope, MailLoops, deliver
from inboxes.recipients import Recipient, find_recipient
from outbound.models import DomainTransport

logger = logging.getLogger(__name__)
_MOST_RECIPIENTS = 100


def take(transport: DomainTransport, event: AnymailInboundEvent) -> int:
    """Store the message for each inbox of the domain's workspace among its recipients; how many.

    When this returns it is stored for good. Raises database errors: the provider comes again.
    """
    recipients = _recipients(transport, event.message)
    if not recipients:
        logger.warning("transport %s: mail for nobody of ours", transport.pk)
        return 0
    envelope = Envelope(
        mail_from=_plain(event.message.envelope_sender),
        recipients=tuple(recipients),
        received_at=timezone.now(),
        helo=transport.kind,
        protocol="HTTPS",
    )
    try:
        return len(deliver(envelope, _octets(event)))
    except MailLoops:
        logger.warning("transport %s: a message that goes round in circles", transport.pk)
        return 0


def _recipients(transport: DomainTransport, message: Any) -> list[Recipient]:
    """By the envelope; where the provider does not tell it, by To and Cc."""
    if message.envelope_recipient:
        named = [_plain(each) for each in str(message.envelope_recipient).split(",")]
    else:
        named = [str(each.addr_spec) for each in (*message.to, *message.cc)]
    found = [
        find_recipient(each) for each in dict.fromkeys(named[:_MOST_RECIPIENTS]) if "@" in each
    ]
    workspace_id = transport.domain.workspace_id
    return [each for each in found if each is not None and each.workspace_id == workspace_id]


def _plain(address: Any) -> str:
    return str(address or "").strip().removeprefix("<").removesuffix(">").strip()


def _octets(event: AnymailInboundEvent) -> bytes:
    """The message in CRLF octets: as it was received where the provider passes that on."""
    raw = _raw_of(event.esp_event)
    if raw is None:
        octets: bytes = event.message.as_bytes(policy=SMTP)
        return octets
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def _raw_of(esp_event: Any) -> bytes | None:
    """The whole message in a provider's own report of it."""
    posted = getattr(esp_event, "POST", None)
    if posted is not None:  # Mailgun and SendGrid, when they are told to send all of it
        text = posted.get("body-mime") or posted.get("email")
        return _encoded(text) if text else None
    if not isinstance(esp_event, dict):
        return None
    if raw := esp_event.get("RawEmail"):  # Postmark
        return _encoded(raw)
    content = esp_event.get("content")
    if isinstance(content, dict) and content.get("email_rfc822"):  # SparkPost
        text = content["email_rfc822"]
        return _decoded(text) if content.get("email_rfc822_is_base64") else _encoded(text)
    if esp_event.get("base64") and esp_event.get("message"):  # Postal
        return _decoded(esp_event["message"])
    return None


def _encoded(text: Any) -> bytes:
    return str(text).encode("utf-8", "surrogateescape")


def _decoded(text: Any) -> bytes | None:
    try:
        return base64.b64decode(str(text))
    except binascii.Error:
        return None
