"""RFC 6376 and 8463: which domains have signed this message, and does it still say the same?

dkimpy canonicalises and verifies. Its patterns and loops take long for fields that no signer
writes, so those are refused before it sees them.
"""

import binascii
import logging
import re
from dataclasses import dataclass
from typing import Any

import dkim

from inboxes.proving.lookups import Lookups, Unanswered

logger = logging.getLogger(__name__)

MOST_SIGNATURES = 8
MOST_FIELDS = 2_000  # header fields of a message
_FIELD_LIMIT = 16 * 1024  # octets of a field that carries a signature
_MOST_SIGNED = 300  # names in h=
_KEY_LIMIT = 2_048  # octets of a key record: RSA with 8,192 bits fits
_LEAST_BITS = 1024  # RFC 8301 §3.2
_LONG_GAP = re.compile(rb"\s{100}")
_REASON_LIMIT = 300


@dataclass(frozen=True, slots=True)
class DkimResult:
    """One signature. `result` as RFC 8601 §2.7.1 names it."""

    result: str
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    reason: str = ""
    partial: bool = False  # l= leaves the end of the body unsigned
    is_unknown: bool = False  # it may have been right before others changed the message


class _Verifier(dkim.DKIM):  # type: ignore[misc] # dkimpy has no types
    """dkimpy's, but telling why there is no key instead of calling the signature wrong."""

    def verify_sig(
        self, sig: dict[bytes, bytes], include_headers: list[bytes], sig_header: Any, dnsfunc: Any
    ) -> bool:
        name = sig[b"s"] + b"._domainkey." + sig[b"d"] + b"."
        loaded = dkim.load_pk_from_dns(name, dnsfunc, timeout=self.timeout)
        self.pk, self.keysize, self.ktag, self.seqtlsrpt = loaded
        verified: bool = self.verify_sig_process(sig, include_headers, sig_header, dnsfunc)
        return verified


def refusal(value: bytes) -> str:
    """Why a field with a signature is not looked at; "" when it is."""
    if len(value) > _FIELD_LIMIT:
        return "the field is too long"
    if _LONG_GAP.search(value):
        return "the field has a gap that no signer writes"
    if value.count(b":") > _MOST_SIGNED:
        return "too many fields are named in h="
    return ""


def key_record(name: bytes, lookups: Lookups) -> bytes | None:
    """The key at `name`, for dkimpy; None where there is none. Raises Unanswered."""
    found = lookups.texts(name.decode("ascii", "replace"))
    keys = [text for text in found if b"p=" in text.replace(b" ", b"")]
    return keys[0] if keys and len(keys[0]) <= _KEY_LIMIT else None


def check_dkim(raw: bytes, lookups: Lookups) -> tuple[DkimResult, ...]:
    """Verify the first signatures of `raw`, up to MOST_SIGNATURES. Never raises."""
    try:
        verifier = _Verifier(raw, minkey=_LEAST_BITS)
    except dkim.DKIMException as error:
        signed = b"dkim-signature:" in raw[: 256 * 1024].lower()
        return (DkimResult("permerror", reason=_words(error)),) if signed else ()
    except Exception:
        logger.exception("a message could not be read for its signatures")
        return (DkimResult("permerror", reason="the message could not be read"),)
    fields = [value for name, value in verifier.headers if name.lower() == b"dkim-signature"]
    if fields and len(verifier.headers) > MOST_FIELDS:
        return (DkimResult("permerror", reason="the message has too many header fields"),)
    return tuple(
        _check(verifier, index, value, lookups)
        for index, value in enumerate(fields[:MOST_SIGNATURES])
    )


def _check(verifier: _Verifier, index: int, value: bytes, lookups: Lookups) -> DkimResult:
    if reason := refusal(value):
        return DkimResult("permerror", reason=reason)
    verifier.domain, verifier.selector, verifier.signature_fields = b"", b"", {}
    result, reason = _verify(verifier, index, lookups)
    tags = verifier.signature_fields
    return DkimResult(
        result,
        domain=_tag(tags, b"d").lower(),
        selector=_tag(tags, b"s"),
        algorithm=_tag(tags, b"a"),
        reason=reason,
        partial=_is_partial(tags, verifier.body),
    )


def _verify(verifier: _Verifier, index: int, lookups: Lookups) -> tuple[str, str]:
    if not lookups.left():
        return "temperror", "there was no time left"
    try:
        good = verifier.verify(index, dnsfunc=lambda name, timeout: key_record(name, lookups))
    except Unanswered:
        return "temperror", "the DNS did not give the key"
    except dkim.KeyFormatError as error:
        return "permerror", _words(error)
    except dkim.ValidationError as error:
        # dkimpy says so of a field that it cannot read, and of a body that was changed.
        changed = "mismatch" in str(error) or "past" in str(error) or "future" in str(error)
        return "fail" if changed else "permerror", _words(error)
    except (dkim.DKIMException, binascii.Error, ValueError) as error:
        return "permerror", _words(error)
    except Exception:
        logger.exception("a DKIM signature could not be read")
        return "permerror", "the signature could not be read"
    return ("pass", "") if good else ("fail", "the signature does not fit the header")


def _words(error: Exception) -> str:
    return str(error)[:_REASON_LIMIT]


def _tag(tags: dict[bytes, bytes], name: bytes) -> str:
    return tags.get(name, b"").decode("utf-8", "replace")[:255]


def _is_partial(tags: dict[bytes, bytes], body: bytes) -> bool:
    length = tags.get(b"l", b"")
    return length.isdigit() and len(length) < 20 and int(length) < len(body.rstrip(b"\r\n"))
