"""RFC 8617: what those through whose hands a message went have vouched for (dkimpy)."""

import logging
from dataclasses import dataclass
from typing import Any

import dkim

from inboxes.proving.dkim_signatures import MOST_FIELDS, key_record, refusal
from inboxes.proving.lookups import Lookups, Unanswered

logger = logging.getLogger(__name__)

MOST_SETS = 20  # RFC 8617 §4.2.1 allows 50; nobody has seen so many
_REASON_LIMIT = 300

# RFC 8463 adds Ed25519 to all that is signed as DKIM is; dkimpy knows it for DKIM only.
dkim.ARC_HASH_ALGORITHMS.setdefault(b"ed25519-sha256", dkim.HASH_ALGORITHMS[b"ed25519-sha256"])


@dataclass(frozen=True, slots=True)
class ArcResult:
    """`result`: none, pass, fail or temperror; `sealers`: their domains, the last one first."""

    result: str
    sealers: tuple[str, ...] = ()
    reason: str = ""


class _Verifier(dkim.ARC):  # type: ignore[misc] # dkimpy has no types
    """dkimpy's, with an end: there may be dozens of sets, and each hashes the body anew."""

    lookups_of_message: Lookups

    def verify_sig(
        self, sig: dict[bytes, bytes], include_headers: list[bytes], sig_header: Any, dnsfunc: Any
    ) -> bool:
        if not self.lookups_of_message.left():
            raise Unanswered("no time left")
        verified: bool = super().verify_sig(sig, include_headers, sig_header, dnsfunc)
        return verified


def check_arc(raw: bytes, lookups: Lookups) -> ArcResult:
    """Verify the chain of ARC sets. Never raises."""
    if b"arc-" not in raw[: 256 * 1024].lower():
        return ArcResult("none")
    try:
        return _check(raw, lookups)
    except Unanswered:
        return ArcResult("temperror", reason="the DNS did not give a key in time")
    except dkim.DKIMException as error:
        return ArcResult("fail", reason=str(error)[:_REASON_LIMIT])
    except Exception:
        logger.exception("an ARC chain could not be read")
        return ArcResult("fail", reason="the chain could not be read")


def _check(raw: bytes, lookups: Lookups) -> ArcResult:
    verifier = _Verifier(raw)
    verifier.lookups_of_message = lookups
    own = [value for name, value in verifier.headers if name.lower() in dkim.ARC.ARC_HEADERS]
    reason = next(filter(None, map(refusal, own)), "")
    if len(verifier.headers) > MOST_FIELDS or len(own) > 3 * MOST_SETS:
        reason = "there are too many fields"
    if reason:
        return ArcResult("fail", reason=reason)
    result, sets, reason = verifier.verify(dnsfunc=lambda name, timeout: key_record(name, lookups))
    sealers = tuple(
        one["as-domain"].decode("utf-8", "replace").lower()[:255]
        for one in sets
        if "as-domain" in one
    )
    # None: the chain was closed by somebody who saw it broken (RFC 8617 §5.2).
    return ArcResult((result or b"fail").decode("ascii"), sealers, reason[:_REASON_LIMIT])
