"""Who is it really: SPF, DKIM, ARC and DMARC for one message, as plain data."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from inboxes.proving.arc import ArcResult, check_arc
from inboxes.proving.dkim_signatures import DkimResult, check_dkim
from inboxes.proving.dmarc import DmarcResult, aligned_by, ascii_domain, check_dmarc
from inboxes.proving.lookups import Dns, Lookups
from inboxes.proving.spf import SpfResult, check_spf

_CHANGED = "the octets were not passed on as they came"
# Of several signatures the best counts, in this order.
_ORDER = ("pass", "temperror", "fail", "permerror")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who brought a message, and for whom it says that it is.

    `peer`: the IP address of the client; `mail_from`: "" is the null reverse-path;
    `from_domains`: those of all mailboxes in From, as written.
    """

    peer: str
    helo: str
    mail_from: str
    from_domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `unsettled`: the DNS left something open, it may turn out otherwise later."""

    spf: SpfResult
    dkim: tuple[DkimResult, ...]
    arc: ArcResult
    dmarc: DmarcResult
    aligned: bool
    unsettled: bool = False

    def stored(self) -> dict[str, Any]:
        """As `Message.authentication` holds it."""
        kept: dict[str, Any] = {
            "spf": self.spf.result,
            "dkim": dkim_result(self.dkim),
            "dmarc": self.dmarc.result,
            "arc": self.arc.result,
            "aligned": self.aligned,
            "details": {
                "spf": _said(self.spf, "domain", "scope", "reason"),
                "dkim": [
                    _said(one, "result", "domain", "selector", "algorithm", "reason", "partial")
                    for one in self.dkim
                ],
                "arc": {"sealers": list(self.arc.sealers), "reason": self.arc.reason},
                "dmarc": _said(
                    self.dmarc, "domain", "policy_domain", "disposition", "aligned_by", "reason"
                ),
            },
        }
        if self.unsettled:
            kept["unsettled"] = True
        return kept


def _said(found: object, *names: str) -> dict[str, Any]:
    return {name: _storable(getattr(found, name)) for name in names}


def _storable(value: Any) -> Any:
    """Without what PostgreSQL cannot hold in a JSON document."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    return value


def _excused(found: DkimResult) -> DkimResult:
    """A pass proves itself; a failure may be the doing of whoever passed the message on."""
    if found.result != "fail":
        return found
    return replace(found, result="none", reason=_CHANGED, is_unknown=True)


def dkim_result(signatures: Sequence[DkimResult]) -> str:
    """One word for all signatures: the best of them; "none" where there is no signature."""
    found = {one.result for one in signatures}
    return next((result for result in _ORDER if result in found), "none")


def judge(
    sender: Sender,
    raw: bytes,
    dns: Dns,
    *,
    seconds: float,
    spf: SpfResult | None = None,
    is_whole: bool = True,
) -> Verdict:
    """Evaluate a message within about `seconds`. Never raises.

    `spf`: what was found earlier, at MAIL FROM. Time that runs out gives temperror. `is_whole`:
    False where others may have changed the octets, so that a broken signature says nothing.
    """
    lookups = Lookups(dns, time.monotonic() + seconds)
    found = spf or check_spf(
        peer=sender.peer, mail_from=sender.mail_from, helo=sender.helo, lookups=lookups
    )
    dkim = check_dkim(raw, lookups)
    if not is_whole:
        dkim = tuple(map(_excused, dkim))
    dmarc = check_dmarc(sender.from_domains, found, dkim, lookups)
    arc = check_arc(raw, lookups)
    if arc.result == "fail" and not is_whole:
        arc = replace(arc, result="none", reason=_CHANGED)
    domains = {ascii_domain(domain) for domain in sender.from_domains}
    aligned = len(domains) == 1 and bool(aligned_by(domains.pop(), found, dkim))
    open_results = {found.result, dkim_result(dkim), arc.result, dmarc.result}
    return Verdict(found, dkim, arc, dmarc, aligned, unsettled="temperror" in open_results)
