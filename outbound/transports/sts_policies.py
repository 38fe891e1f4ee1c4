"""Which MTA-STS policy holds for a domain now: asked for, fetched, remembered (RFC 8461 §3.3, §5).

A policy once known holds until its max_age, whatever an attacker keeps from us meanwhile.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from dns.exception import DNSException
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from events.webhooks.posting import get
from events.webhooks.targets import Refused, Target, Unresolved, addresses_of
from outbound.transports.mta_sts import MOST_OCTETS, Policy, policy_id, read_policy

logger = logging.getLogger(__name__)
FETCH_SECONDS = 20.0
FETCH_AGAIN_AFTER = 300.0  # seconds, when fetching failed
_MOST_REMEMBERED = 5_000


class Unfetched(Exception):
    """The policy could not be had, or is none; the sentence says why."""


@dataclass(frozen=True, slots=True)
class KnownPolicy:
    """A policy, under the id by which the DNS announced it, until `expires_at` (time.time())."""

    policy_id: str
    policy: Policy
    expires_at: float


class PolicyStore(Protocol):
    """Where policies outlive the process. Raises nothing: what is not there is fetched again."""

    def find(self, domain: str) -> KnownPolicy | None: ...

    def keep(self, domain: str, known: KnownPolicy) -> None: ...


class MemoryStore:
    """Forgets with the process."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, KnownPolicy] = OrderedDict()

    def find(self, domain: str) -> KnownPolicy | None:
        return self._known.get(domain)

    def keep(self, domain: str, known: KnownPolicy) -> None:
        self._known[domain] = known
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)


Fetch = Callable[[str], Policy]


class StsPolicies:
    """Safe to use from several threads; two may fetch the same policy at once."""

    def __init__(
        self,
        resolver: Resolver,
        fetch: Fetch,
        *,
        store: PolicyStore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._resolver = resolver
        self._fetch = fetch
        self._store = store or MemoryStore()
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[tuple[str, str], float] = OrderedDict()

    def policy_for(self, domain: str) -> Policy | None:
        """The policy of `domain` (A-labels); None where it has none. Raises nothing."""
        announced = self._announced(domain)
        known = self._store.find(domain)
        if known and known.expires_at <= self._clock():
            known = None
        if announced and (known is None or known.policy_id != announced):
            known = self._fetched(domain, announced) or known
        return known.policy if known else None

    def _announced(self, domain: str) -> str:
        """The id that stands in the DNS; "" for none, and where the DNS does not say."""
        try:
            answer = self._resolver.resolve(f"_mta-sts.{domain}.", "TXT")
        except (NXDOMAIN, NoAnswer):
            return ""
        except DNSException as error:
            logger.info("no word on MTA-STS: %s", type(error).__name__)
            return ""
        texts = [b"".join(each.strings) for each in answer if isinstance(each, TXT)]
        return policy_id(text.decode("ascii", "replace") for text in texts)

    def _fetched(self, domain: str, announced: str) -> KnownPolicy | None:
        if self._failed_lately(domain, announced):
            return None
        try:
            policy = self._fetch(domain)
        except Unfetched as error:
            logger.warning("the MTA-STS policy of %s was not had: %s", domain, error)
            self._note_failure(domain, announced)
            return None
        known = KnownPolicy(announced, policy, self._clock() + policy.max_age)
        self._store.keep(domain, known)
        return known

    def _failed_lately(self, domain: str, announced: str) -> bool:
        with self._lock:
            failed_at = self._failed.get((domain, announced))
        return failed_at is not None and self._clock() < failed_at + FETCH_AGAIN_AFTER

    def _note_failure(self, domain: str, announced: str) -> None:
        with self._lock:
            self._failed[domain, announced] = self._clock()
            if len(self._failed) > _MOST_REMEMBERED:
                self._failed.popitem(last=False)


def fetch_policy(
    domain: str,
    *,
    dns: str = "",
    allowed: Collection[str] = (),
    port: int = 443,
    seconds: float = FETCH_SECONDS,
) -> Policy:
    """Ask the web server of `mta-sts.<domain>`: verified TLS, no redirects, bounded in time and
    size, at an address that is public or in `allowed` (networks). Raises Unfetched.
    """
    authority = f"mta-sts.{domain}" if port == 443 else f"mta-sts.{domain}:{port}"
    try:
        target = Target.of(f"https://{authority}/.well-known/mta-sts.txt")
        addresses = addresses_of(target, dns=dns, allowed=allowed)
    except (Refused, Unresolved) as error:
        raise Unfetched(str(error)) from error
    answer = get(target, addresses, seconds=seconds, most_kept=MOST_OCTETS)
    if answer.status != 200:
        raise Unfetched(answer.error or f"HTTP {answer.status}")
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "text/plain":
        raise Unfetched("the answer is not text/plain")
    try:
        return read_policy(answer.body)
    except ValueError as error:
        raise Unfetched(str(error)) from error
