"""Authenticating senders later, when the DNS was silent while their mail came in."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from inboxes.examining import Examiner
from inboxes.findings import DMARC_FAIL, PassedOn
from inboxes.marks import label_message
from inboxes.models import Message
from inboxes.telling import proven, tell_of_message

logger = logging.getLogger(__name__)

GIVEN_UP = timedelta(days=1)
MOST_TRIES = 6
FIRST_WAIT = timedelta(minutes=1)  # each further one is four times as long
_AT_ONCE = 500
_IN_VAIN = 5  # failures in a row: the DNS is away, for all


@dataclass(frozen=True, slots=True)
class _Brought:
    """See `examining.Brought`."""

    mail_from: str
    helo: str
    peer: str
    rcpt_tos: tuple[str, ...]
    passed_on: PassedOn | None


def look_again(examiner: Examiner, now: datetime) -> int:
    """Evaluate what is due; answer how many were settled. Running twice does no harm."""
    settled = failed = 0
    for message_id in _due(now):
        if failed >= _IN_VAIN:
            break
        if _look_at(message_id, examiner):
            settled, failed = settled + 1, 0
        else:
            failed += 1
    return settled


def _due(now: datetime) -> list[UUID]:
    unsettled = Message.objects.filter(
        authentication__unsettled=True, received_at__gt=now - GIVEN_UP
    ).order_by("received_at")
    rows = unsettled.values_list("pk", "received_at", "authentication__tries")[:_AT_ONCE]
    return [pk for pk, at, tries in rows if at and now - at >= FIRST_WAIT * 4 ** (tries or 0)]


def _look_at(message_id: UUID, examiner: Examiner) -> bool:
    """Tell whether nothing is open any more."""
    message = Message.objects.select_related("raw_record").get(pk=message_id)
    received = message.metadata.get("received", {})
    passed_on = received.get("passed_on")
    brought = _Brought(
        message.mail_from,
        received.get("from", ""),
        received.get("peer", ""),
        (message.rcpt_to,),
        PassedOn(**passed_on) if passed_on else None,
    )
    found = examiner.authenticate(brought, bytes(message.raw_record.octets))
    is_settled = "unsettled" not in found
    tries = message.authentication.get("tries", 0) + 1
    if not is_settled and tries < MOST_TRIES:
        found["tries"] = tries
    else:
        found.pop("unsettled", None)
    _note(message, found)
    return is_settled


@transaction.atomic
def _note(message: Message, found: dict[str, Any]) -> None:
    still_open = Message.objects.filter(pk=message.pk, authentication__unsettled=True)
    if not still_open.update(authentication=found):
        return
    if found["dmarc"] == "fail":
        label_message(message, add=[DMARC_FAIL], remove=())
    if "unsettled" in found:
        return
    logger.info("message %s: dmarc %s", message.pk, found["dmarc"])
    tell_of_message(message, authentication=proven(found))
