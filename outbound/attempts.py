"""One attempt: sign, send, and have recorded what each recipient's server said."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from events.secrecy import derived_key
from inboxes.addresses import fold_address
from inboxes.models import Message
from outbound import stopping
from outbound.claims import Claim, LeaseLost
from outbound.envelope import envelope_sender
from outbound.models import Delivery
from outbound.recording import record
from outbound.signing import domain_of, signed_octets
from outbound.suppression import suppressed
from outbound.transports.protocol import Job, NotNow, Outcome, Result, Transport
from outbound.ways_out import transport_at

logger = logging.getLogger(__name__)
RECORD_PATIENCE = 60.0  # seconds in which the database may come back
RECORD_AGAIN_AFTER = 0.5


@lru_cache(maxsize=1)
def transport() -> Transport:
    """The way out that the settings name; one for the process, it may keep connections."""
    return transport_at(settings.TRANSPORT)


def attempt(claim: Claim) -> None:
    """Make one attempt at `claim`'s deliveries, and record its end, whatever it is.

    Losing the lease ends it without a trace: the deliveries are somebody else's then. A worker
    that is to stop gives back what it has not yet handed over.
    """
    started = timezone.now()
    try:
        refused, results = _send(claim)
    except LeaseLost as lost:
        logger.warning("%s", lost)
        return
    except stopping.Stopping:
        claim.give_back()
        return
    except NotNow as early:
        logger.info("message %s: later: %s", claim.message_id, early)
        claim.give_back(after=early.seconds)
        return
    except Exception as error:  # A worker's outer loop: the mail behind this one must go on.
        logger.exception("message %s: the attempt broke off", claim.message_id)
        refused, results = {}, _broken_off(claim, error)
    _record_patiently(claim, results, refused, started=started)


def _send(claim: Claim) -> tuple[dict[str, str], list[Result]]:
    """Suppressed recipients with the reason, and what the transport says of the others."""
    refused = _suppressed(claim)
    going = [each for each in claim.deliveries if each.rcpt_to not in refused]
    if not going:
        return refused, []
    job = _job(claim.deliveries[0].message, going)
    with claim.kept_alive():
        results = transport().send(job, on_phase=claim.enter)
    if [each.rcpt_to for each in results] != list(job.rcpt_tos):
        raise RuntimeError("the transport's results are not those of the recipients")
    return refused, results


def _suppressed(claim: Claim) -> dict[str, str]:
    folded = {each.rcpt_to: fold_address(each.rcpt_to) for each in claim.deliveries}
    workspace_id = claim.deliveries[0].message.inbox.workspace_id
    entries = suppressed(workspace_id, folded.values())
    return {
        rcpt_to: f"suppressed: {entries[address].reason}"
        for rcpt_to, address in folded.items()
        if address in entries
    }


def _broken_off(claim: Claim, error: Exception) -> list[Result]:
    """Our own fault. Its words may hold what is nobody's business: the log has them."""
    lost = claim.reached == "committing"
    words = f"4.3.0 {'broken off' if lost else 'not sent'}: {type(error).__name__} on our side"
    outcome: Outcome = "uncertain" if lost else "deferred"
    return [Result(each.rcpt_to, outcome, 0, words, "") for each in claim.deliveries]


def _record_patiently(
    claim: Claim, results: Sequence[Result], refused: dict[str, str], *, started: datetime
) -> None:
    """Record; wait for a database that went away meanwhile: what is known must not get lost."""
    until = time.monotonic() + RECORD_PATIENCE
    while True:
        try:
            record(claim, results, refused, started=started)
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            connection.close()
            time.sleep(RECORD_AGAIN_AFTER)
        else:
            return


def _job(message: Message, going: list[Delivery]) -> Job:
    """The transaction: signed octets under an envelope sender that tells a bounce apart."""
    domain = domain_of(message)
    mail_from = envelope_sender(going[0].pk, domain=domain.name, key=derived_key("envelope sender"))
    return Job(mail_from, tuple(d.rcpt_to for d in going), signed_octets(message, domain))
