"""Asking the DNS while mail waits: cached, and at once without an answer where nobody answers.

A resolver that is out of reach must not cost every letter its whole patience. After a question
that nobody answered, a thread asks for the root zone, which any resolver can tell; as long as it
gets no answer, no question is asked for a letter.
"""

import ipaddress
import logging
import threading
import time
from typing import Any

from dns.exception import DNSException
from dns.rdata import Rdata
from dns.resolver import (
    NXDOMAIN,
    LRUCache,
    NoAnswer,
    NoNameservers,
    NoResolverConfiguration,
    Resolver,
)

from inboxes.proving.lookups import Answer, Unanswered, Value

logger = logging.getLogger(__name__)

_LIFETIME = 20.0  # seconds for one question, over all servers and repeats
_PER_TRY = 1.0  # seconds until a question is repeated
_PROBE_LIFETIME = 2.0
_PROBE_EVERY = 10.0
_FORGET_FAILURE = 30.0
_MOST_FAILURES = 5_000
_MOST_VALUES = 50
# RFC 6761: names that the public DNS will never know.
_RESERVED = ("test", "example", "invalid", "localhost", "local", "internal")


def resolver_at(dns: str, *, lifetime: float = _LIFETIME, remember: bool = True) -> Resolver:
    """The resolver at `host:port`, or the machine's own for "". Raises ValueError.

    `lifetime`: seconds for one question, over all servers and repeats.
    """
    if dns:
        host, port = _split(dns)
        resolver = Resolver(configure=False)
        resolver.nameservers = [host]
        resolver.port = port
    else:
        try:
            resolver = Resolver()
        except NoResolverConfiguration:
            raise ValueError("This machine names no DNS server: set MAILAGENT_DNS.") from None
    resolver.lifetime = lifetime
    resolver.cache = LRUCache(1000) if remember else None
    return resolver


def _split(dns: str) -> tuple[str, int]:
    host, _, port = dns.rpartition(":") if ":" in dns else (dns, "", "53")
    try:
        host = str(ipaddress.ip_address(host.strip("[]")))
        return host, int(port)
    except ValueError:
        raise ValueError(f"{dns!r} is not the address and port of a DNS server.") from None


class NoDns:
    """Where there is no resolver at all."""

    def ask(self, name: str, record_type: str, seconds: float) -> Answer:
        raise Unanswered(name)


class LiveDns:
    """Asks one resolver, for any number of threads."""

    def __init__(self, resolver: Resolver, *, knows_reserved: bool) -> None:
        """`knows_reserved`: a resolver of one's own may know names such as `mail.test`."""
        resolver.timeout = _PER_TRY
        resolver.cache = LRUCache(10_000)
        self.resolver = resolver
        self.knows_reserved = knows_reserved
        self.answers = True  # somebody answers there, for all we know
        self._failed: dict[tuple[str, str], float] = {}
        self._probing = threading.Lock()

    def ask(self, name: str, record_type: str, seconds: float) -> Answer:
        """See `lookups.Dns`."""
        if not self.knows_reserved and name.rpartition(".")[2] in _RESERVED:
            return Answer(exists=False)
        question = name, record_type
        if not self.answers or self._failed.get(question, 0.0) > time.monotonic():
            raise Unanswered(name)
        try:
            found = self.resolver.resolve(f"{name}.", record_type, lifetime=seconds, search=False)
        except NXDOMAIN:
            return Answer(exists=False)
        except NoAnswer:
            return Answer()
        except DNSException as error:
            self._note_failure(question, error)
            raise Unanswered(name) from error
        except (OSError, ValueError) as error:
            self._note_failure(question, None)
            raise Unanswered(name) from error
        return Answer(tuple(_value(record_type, one) for one in list(found)[:_MOST_VALUES]))

    def _note_failure(self, question: tuple[str, str], error: DNSException | None) -> None:
        if len(self._failed) >= _MOST_FAILURES:
            self._failed.clear()
        self._failed[question] = time.monotonic() + _FORGET_FAILURE
        if error is None or not _somebody_spoke(error):
            self._look_after()

    def _look_after(self) -> None:
        """Find out, in a thread of its own, whether there is anybody who answers."""
        if self._probing.acquire(blocking=False):
            threading.Thread(target=self._probe, name="dns-probe", daemon=True).start()

    def _probe(self) -> None:
        try:
            while not self._is_there():
                if self.answers:
                    logger.warning("the DNS does not answer: senders cannot be authenticated now")
                self.answers = False
                time.sleep(_PROBE_EVERY)
            if not self.answers:
                logger.info("the DNS answers again")
                self._failed.clear()
            self.answers = True
        finally:
            self._probing.release()

    def _is_there(self) -> bool:
        try:
            self.resolver.resolve(".", "NS", lifetime=_PROBE_LIFETIME, search=False)
        except (NXDOMAIN, NoAnswer):
            return True
        except DNSException as error:
            return _somebody_spoke(error)
        except OSError:
            return False
        return True


def _somebody_spoke(error: DNSException) -> bool:
    """Tell whether a server answered, if only that it could not help."""
    if not isinstance(error, NoNameservers):
        return False
    tries: list[Any] = (error.kwargs or {}).get("errors") or []
    return any(one[4] is not None for one in tries if len(one) > 4)


def _value(record_type: str, record: Rdata) -> Value:
    found: Any = record
    if record_type in ("TXT", "SPF"):
        return b"".join(found.strings)
    if record_type == "MX":
        return int(found.preference), found.exchange.to_text(omit_final_dot=True).lower()
    if record_type == "PTR":
        name: str = found.target.to_text(omit_final_dot=True)
        return name.lower()
    return str(record.to_text())
