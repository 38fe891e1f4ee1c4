"""One attempt: sign, send, and have recorded what each recipient's server said."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from inboxes.addresses import fold_address
from inboxes.models import Domain, Message
from outbound import doubt, stopping, supplies
from outbound.claims import Claim, LeaseLost
from outbound.doubt import Turn
from outbound.models import Delivery
from outbound.recorder import recorder
from outbound.recording import Ended, transport_name
from outbound.return_paths import sender_for
from outbound.signing import domain_of, frozen_octets, sign, signers_of
from outbound.supplies import Supplies
from outbound.transports.protocol import Job, NotNow, Outcome, Phase, Result, Transport
from outbound.ways_out import WayOut, own_way, transport_at

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
    by_person = claim.deliveries[0].by_person
    at_hand = claim.supplies
    if at_hand is None or not at_hand.are_fresh:
        at_hand = supplies.for_one(claim.deliveries)
    if at_hand.pauses.hold(claim.message, by_person=by_person):
        claim.give_back()  # A switch was thrown since it was claimed.
        return
    turn = doubt.turn(by_person=by_person)
    try:
        refused, results = _send(claim, turn, at_hand)
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
    finally:
        turn.end()
    _record_patiently(claim, results, refused, started=started)


def _send(claim: Claim, turn: Turn, at_hand: Supplies) -> tuple[dict[str, str], list[Result]]:
    """Suppressed recipients with the reason, and what the transport says of the others."""
    refused = _suppressed(claim, at_hand)
    going = [each for each in claim.deliveries if each.rcpt_to not in refused]
    if not going:
        return refused, []
    if expires_at := _expired(going[0]):
        return refused, [_too_late(each, expires_at) for each in going]
    domain = domain_of(claim.message)
    way = own_way(domain) or WayOut(transport_name(), transport())
    for each in claim.deliveries:
        each.transport = way.name
    octets = _octets_to_send(claim.message, domain, way, at_hand)
    job = _job(claim.message, going, domain, octets)

    def enter(phase: Phase) -> None:
        if phase == "committing":
            turn.begin()
        claim.enter(phase)
        if phase == "committing":
            turn.handing_over()

    with claim.kept_alive():
        results = way.transport.send(job, on_phase=enter)
    if [each.rcpt_to for each in results] != list(job.rcpt_tos):
        raise RuntimeError("the transport's results are not those of the recipients")
    return refused, results


def _expired(delivery: Delivery) -> datetime | None:
    """Until when it was to be sent, if that is over: it was paused so long."""
    at = delivery.expires_at
    return at if at is not None and at <= timezone.now() else None


def _too_late(delivery: Delivery, expires_at: datetime) -> Result:
    words = f"4.4.7 not sent: it was to be sent until {expires_at:%Y-%m-%d %H:%M} UTC"
    return Result(delivery.rcpt_to, "deferred", 0, words, "")


def _suppressed(claim: Claim, at_hand: Supplies) -> dict[str, str]:
    workspace_id = claim.message.inbox.workspace_id
    refused = {}
    for each in claim.deliveries:
        reason = at_hand.suppressed.get((workspace_id, fold_address(each.rcpt_to)))
        if reason is not None:
            refused[each.rcpt_to] = f"suppressed: {reason}"
    return refused


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
            recorder.ask(Ended(claim, results, refused, started))
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            connection.close()
            time.sleep(RECORD_AGAIN_AFTER)
        else:
            return


def _octets_to_send(message: Message, domain: Domain, way: WayOut, at_hand: Supplies) -> bytes:
    octets = at_hand.octets.get(message.pk) or frozen_octets(message)
    if way.is_provider:
        return octets
    return sign(message, octets, at_hand.signers.get(domain.pk) or signers_of(domain))


def _job(message: Message, going: list[Delivery], domain: Domain, octets: bytes) -> Job:
    """The transaction: the octets under an envelope sender that tells a bounce apart."""
    rcpt_tos = tuple(each.rcpt_to for each in going)
    return Job(sender_for(going[0].pk, domain), rcpt_tos, octets, reference=str(message.pk))
