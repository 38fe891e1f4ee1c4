"""RFC 7208: may this server send for that domain? pyspf reads the records; what it asks, and for
how long, is bounded here."""

import ipaddress
import logging
from dataclasses import dataclass
from typing import Any

import spf

from inboxes.proving.lookups import Lookups, Unanswered

logger = logging.getLogger(__name__)

_RESULTS = frozenset(["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"])
_AGAINST = frozenset(["fail", "softfail", "neutral", "permerror"])
_MOST_VALUES = 50
_REASON_LIMIT = 300


@dataclass(frozen=True, slots=True)
class SpfResult:
    """`result` as RFC 8601 §2.7.2 names it; `scope`: whose domain it was, mailfrom or helo."""

    result: str
    domain: str = ""
    scope: str = "mailfrom"
    reason: str = ""
    is_unknown: bool = False  # nobody here could ask: it might have passed


class _Query(spf.query):  # type: ignore[misc] # pyspf has no types
    """A check that asks through `Lookups`."""

    lookups_of_message: Lookups

    def dns(
        self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False
    ) -> list[Any]:
        try:
            answer = self.lookups_of_message.ask(str(name), qtype)
        except Unanswered as error:
            raise spf.TempError("DNS " + str(error)) from error
        found = list(answer.values[:_MOST_VALUES])
        if qtype in ("TXT", "SPF"):
            found = [(text,) for text in found]  # type: ignore[misc]
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"Void lookup limit of {spf.MAX_VOID_LOOKUPS} exceeded")
        return found


def check_spf(*, peer: str, mail_from: str, helo: str, lookups: Lookups) -> SpfResult:
    """Ask whether `peer` (an IP address) may send for the domain of `mail_from`, or of `helo`
    where that is the null reverse-path (§2.4). Never raises."""
    scope = "mailfrom" if mail_from else "helo"
    try:
        ipaddress.ip_address(peer)
        query = _Query(i=peer, s=mail_from, h=helo, receiver="", strict=True)
        query.lookups_of_message = lookups
        result, _, words = query.check()
        domain = str(query.o)
    except (spf.PermError, ValueError, IndexError) as error:
        return SpfResult("none", scope=scope, reason=f"not checked: {error}"[:_REASON_LIMIT])
    except Exception:  # whatever a record has made pyspf stumble over, the mail goes on
        logger.exception("an SPF record could not be read")
        return SpfResult("permerror", scope=scope, reason="the record could not be read")
    if result not in _RESULTS:
        result = "permerror"
    return SpfResult(result, domain.lower()[:255], scope, str(words)[:_REASON_LIMIT])


def told_by_others(result: str, mail_from: str) -> SpfResult:
    """What to make of the result of whoever took the mail in and does not tell from which server.

    Their word is taken where it speaks against the sender; a pass that nobody here can check is
    none.
    """
    domain = mail_from.rpartition("@")[2].lower()[:255]
    if result in _AGAINST:
        return SpfResult(result, domain, reason="as the provider found")
    reason = "not checked: the provider does not tell from which server it came"
    return SpfResult("none", domain, reason=reason, is_unknown=True)
