"""RFC 7489 and 9091: has one of the proven domains anything to do with the one in From, and what
does its owner want done when it has not?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

from inboxes.proving.dkim_signatures import DkimResult
from inboxes.proving.lookups import Lookups, Unanswered, is_name
from inboxes.proving.spf import SpfResult

_VERSION = re.compile(rb"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_RECORD_LIMIT = 4_096
_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class DmarcResult:
    """`result` as RFC 8601 §2.7.4 names it. `disposition`: what the owner of the domain asks for
    on a failure, "" otherwise. `aligned_by`: "dkim", "spf" or ""."""

    result: str
    domain: str = ""  # of From
    policy_domain: str = ""  # where the record stands
    disposition: str = ""
    aligned_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Policy:
    domain: str
    tags: dict[str, str]


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """The public suffix list that came with the package `publicsuffixlist`."""
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def organisation_of(domain: str) -> str:
    """The organisational domain (RFC 7489 §3.2): one label below a public suffix."""
    return _suffixes().privatesuffix(domain) or domain


def ascii_domain(domain: str) -> str:
    """`domain` as the DNS has it (A-labels, lower case); "" where it can be no name."""
    domain = domain.strip().rstrip(".").lower()
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    return domain if is_name(domain) and "." in domain else ""


def is_related(one: str, other: str, *, strictly: bool = False) -> bool:
    """Tell whether two domains are aligned (RFC 7489 §3.1)."""
    if strictly:
        return one == other
    return bool(one and other) and organisation_of(one) == organisation_of(other)


def check_dmarc(
    from_domains: Sequence[str], spf: SpfResult, dkim: Sequence[DkimResult], lookups: Lookups
) -> DmarcResult:
    """Judge what SPF and DKIM have proven for the domains of From. Never raises."""
    domains = sorted({ascii_domain(domain) for domain in from_domains})
    if not domains or not domains[0]:
        return DmarcResult("permerror", reason="From has no domain")
    if len(domains) > 1:
        return DmarcResult("permerror", reason="From names several domains")
    domain = domains[0]
    try:
        policy = _policy_of(domain, lookups)
        if policy is None:
            return DmarcResult("none", domain, reason="the domain has no DMARC record")
        return _judge(domain, policy, spf, dkim, lookups)
    except Unanswered:
        return DmarcResult("temperror", domain, reason="the DNS did not give the record")


def aligned_by(domain: str, spf: SpfResult, dkim: Sequence[DkimResult], *, strict: str = "") -> str:
    """Which proof is for the domain of From: "dkim", "spf" or "". `strict` names those that must
    be for just that domain: "d", "s" or both."""
    for signature in dkim:
        if signature.result == "pass" and is_related(
            ascii_domain(signature.domain), domain, strictly="d" in strict
        ):
            return "dkim"
    if spf.result == "pass" and is_related(
        ascii_domain(spf.domain), domain, strictly="s" in strict
    ):
        return "spf"
    return ""


def _policy_of(domain: str, lookups: Lookups) -> _Policy | None:
    """The record of the domain, else of its organisation. Raises Unanswered."""
    for place in dict.fromkeys((domain, organisation_of(domain))):
        if tags := _record(place, lookups):
            return _Policy(place, tags)
    return None


def _record(place: str, lookups: Lookups) -> dict[str, str]:
    found = [text for text in lookups.texts(f"_dmarc.{place}") if _VERSION.match(text)]
    if len(found) != 1 or len(found[0]) > _RECORD_LIMIT:  # RFC 7489 §6.6.3: several are none
        return {}
    tags: dict[str, str] = {}
    for piece in found[0].decode("ascii", "replace").split(";"):
        name, equals, value = piece.partition("=")
        if equals:  # what is no tag is passed over
            tags.setdefault(name.strip().lower(), value.strip().lower())
    if tags.get("p") not in _POLICIES:
        if "rua" not in tags:
            return {}
        tags["p"] = "none"
    return tags


def _judge(
    domain: str,
    policy: _Policy,
    spf: SpfResult,
    dkim: Sequence[DkimResult],
    lookups: Lookups,
) -> DmarcResult:
    tags = policy.tags
    strict = ("d" if tags.get("adkim") == "s" else "") + ("s" if tags.get("aspf") == "s" else "")
    by = aligned_by(domain, spf, dkim, strict=strict)
    if by:
        return DmarcResult("pass", domain, policy.domain, aligned_by=by)
    if _may_yet_pass(domain, spf, dkim):
        return DmarcResult("temperror", domain, policy.domain, reason="a proof is still open")
    if spf.is_unknown or any(one.is_unknown for one in dkim):
        reason = "SPF or DKIM could not be checked"  # RFC 7489 §6.6.2 wants both
        return DmarcResult("none", domain, policy.domain, reason=reason)
    return DmarcResult(
        "fail",
        domain,
        policy.domain,
        disposition=_disposition(domain, policy, lookups),
        reason="neither SPF nor DKIM proves the domain in From",
    )


def _may_yet_pass(domain: str, spf: SpfResult, dkim: Sequence[DkimResult]) -> bool:
    """Tell whether a proof for the domain of From is missing only because the DNS was silent."""
    open_spf = spf.result == "temperror" and is_related(ascii_domain(spf.domain), domain)
    return open_spf or any(
        one.result == "temperror" and (not one.domain or is_related(one.domain, domain))
        for one in dkim
    )


def _disposition(domain: str, policy: _Policy, lookups: Lookups) -> str:
    """What is asked for: np for a name that is not there (RFC 9091), sp for a subdomain, p."""
    tags = policy.tags
    if domain == policy.domain:
        return tags["p"]
    below = tags["sp"] if tags.get("sp") in _POLICIES else tags["p"]
    if tags.get("np") in _POLICIES and not _exists(domain, lookups):
        return tags["np"]
    return below


def _exists(domain: str, lookups: Lookups) -> bool:
    try:
        return lookups.ask(domain, "A").exists
    except Unanswered:
        return True
