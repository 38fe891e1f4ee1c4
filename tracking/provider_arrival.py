"""Mail that a provider took in for us: by the same door as all mail, `inboxes.arrival.deliver`."""

import logging
import threading
import time
from dataclasses import replace
from typing import Any

from anymail.signals import AnymailInboundEvent
from django.utils import timezone

from inboxes.arrival import Envelope, MailLoops, deliver
from inboxes.examining import examiner, unexamined
from inboxes.findings import Findings, PassedOn
from inboxes.recipients import Recipient, find_recipient
from outbound.models import DomainTransport
from tracking.provider_octets import octets_of
from tracking.provider_words import Words, rcpt_tos_of, words_about

logger = logging.getLogger(__name__)
_MOST_RECIPIENTS = 100
# A look takes seconds when the DNS or a scanner is slow: it must not take all threads of the web.
_examiners = threading.BoundedSemaphore(4)


def take(transport: DomainTransport, event: AnymailInboundEvent, *, until: float) -> int:
    """Store the message for each inbox of the domain's workspace among its recipients; how many.

    When this returns it is stored for good. `until`, a monotonic time: what comes later is stored
    without a look, and its sender authenticated afterwards. Raises database errors: the provider
    comes again.
    """
    recipients = _recipients(transport, event)
    if not recipients:
        logger.warning("transport %s: mail for nobody of ours", transport.pk)
        return 0
    raw, is_whole = octets_of(event.esp_event, event.message)
    words = words_about(event.esp_event, event.message)
    envelope = Envelope(
        mail_from=_mail_from(event.message),
        recipients=tuple(recipients),
        received_at=timezone.now(),
        peer=words.peer,
        protocol="HTTPS",
        passed_on=PassedOn(transport.kind, is_whole, words.spf),
    )
    findings = _with_words(_examined(envelope, raw, until), words)
    try:
        return len(deliver(replace(envelope, findings=findings), raw))
    except MailLoops:
        logger.warning("transport %s: a message that goes round in circles", transport.pk)
        return 0


def _examined(envelope: Envelope, raw: bytes, until: float) -> Findings:
    if time.monotonic() > until or not _examiners.acquire(blocking=False):
        return unexamined()
    try:
        return examiner().examine(envelope, raw)
    finally:
        _examiners.release()


def _with_words(findings: Findings, words: Words) -> Findings:
    """Also what the provider has found: what it calls spam is spam, whatever it is for others."""
    labels = tuple(dict.fromkeys((*findings.labels, *words.labels)))
    scans = {**findings.scans, "provider": words.facts} if words.facts else findings.scans
    return replace(findings, labels=labels, scans=scans)


def _recipients(transport: DomainTransport, event: AnymailInboundEvent) -> list[Recipient]:
    """By the envelope; where the provider does not tell it, by To and Cc."""
    message = event.message
    named = [_plain(each) for each in rcpt_tos_of(event.esp_event, message)]
    named = named or [str(each.addr_spec) for each in (*message.to, *message.cc)]
    found = [
        find_recipient(each) for each in dict.fromkeys(named[:_MOST_RECIPIENTS]) if "@" in each
    ]
    workspace_id = transport.domain.workspace_id
    return [each for each in found if each is not None and each.workspace_id == workspace_id]


def _mail_from(message: Any) -> str:
    """The envelope's; "" where that is the null reverse-path, and not because it is not told."""
    if message.envelope_sender is not None:
        return _plain(message.envelope_sender)
    sender = message.from_email
    return _plain(sender.addr_spec) if sender else ""


def _plain(address: Any) -> str:
    return str(address or "").strip().removeprefix("<").removesuffix(">").strip()
