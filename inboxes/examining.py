"""What is found out about a message on its way in, before it is stored: who sent it, and what the
scanners say, if there are any. Whatever fails here costs a label, never a message."""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings

from inboxes.addresses import parse_addresses
from inboxes.findings import DMARC_FAIL, INFECTED, SPAM, UNSCANNED, Findings, PassedOn
from inboxes.header_fields import HeaderBlock, read_headers
from inboxes.proving.lookups import Dns, Lookups
from inboxes.proving.resolver import LiveDns, NoDns, resolver_at
from inboxes.proving.spf import SpfResult, check_spf, told_by_others
from inboxes.proving.verdict import Sender, judge
from inboxes.scanning.clamav import Clamav
from inboxes.scanning.rspamd import Rspamd
from inboxes.scanning.verdicts import Carried, Patient, Scan, Unscanned

logger = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds for the DNS, over all questions about one message
SCAN_PATIENCE = 5.0  # seconds for each scanner; both are asked at the same time
_REMEMBERED = 60.0  # seconds: SPF for the same peer and sender
_MOST_REMEMBERED = 10_000
_SCANS_AT_ONCE = 16
_FROM_FIELDS = 10


class Brought(Protocol):
    """What is known of a message besides its octets: see `letters.Envelope`."""

    @property
    def mail_from(self) -> str: ...
    @property
    def helo(self) -> str: ...
    @property
    def peer(self) -> str: ...
    @property
    def rcpt_tos(self) -> tuple[str, ...]: ...
    @property
    def passed_on(self) -> PassedOn | None: ...


class Examiner:
    """One per process, for any number of threads."""

    def __init__(
        self, dns: Dns, *, rspamd: Rspamd | None = None, clamav: Clamav | None = None
    ) -> None:
        self.dns = dns
        self.scanners = {
            label: Patient(scanner)
            for label, scanner in ((SPAM, rspamd), (INFECTED, clamav))
            if scanner is not None
        }
        self._pool = ThreadPoolExecutor(_SCANS_AT_ONCE, "scan") if self.scanners else None
        self._known_spf: dict[tuple[str, str, str], tuple[float, SpfResult]] = {}

    def knows_server(self, peer: str, helo: str, mail_from: str) -> bool:
        """Whether `check_server` will answer at once."""
        known = self._known_spf.get((peer, helo, mail_from))
        return known is not None and time.monotonic() - known[0] < _REMEMBERED

    def check_server(self, peer: str, helo: str, mail_from: str) -> SpfResult:
        """SPF: what can be told before the message is here. Never raises."""
        question = peer, helo, mail_from
        known = self._known_spf.get(question)
        now = time.monotonic()
        if known is not None and now - known[0] < _REMEMBERED:
            return known[1]
        lookups = Lookups(self.dns, now + PATIENCE)
        found = check_spf(peer=peer, mail_from=mail_from, helo=helo, lookups=lookups)
        if found.result != "temperror":
            if len(self._known_spf) >= _MOST_REMEMBERED:
                self._known_spf.clear()
            self._known_spf[question] = now, found
        return found

    def examine(self, brought: Brought, raw: bytes) -> Findings:
        """All that can be told about `raw` within `PATIENCE` and `SCAN_PATIENCE`. Never raises."""
        scans = self._begin_scans(brought, raw)
        header = read_headers(raw, 0, len(raw))
        authentication = self.authenticate(brought, raw, header)
        labels = [DMARC_FAIL] if authentication["dmarc"] == "fail" else []
        facts = {}
        for label, scan in scans.items():
            found = _outcome(scan)
            if found is None:
                labels.append(UNSCANNED)
            elif found.is_bad:
                labels.append(label)
            if found is not None and found.facts:
                facts[label] = found.facts
        return Findings(
            authentication=authentication,
            labels=tuple(dict.fromkeys(labels)),
            warnings=_warnings(header, authentication),
            scans=facts,
        )

    def authenticate(
        self, brought: Brought, raw: bytes, header: HeaderBlock | None = None
    ) -> dict[str, Any]:
        """SPF, DKIM, ARC and DMARC, as `Message.authentication` holds them. Never raises."""
        header = header or read_headers(raw, 0, len(raw))
        sender = Sender(brought.peer, brought.helo, brought.mail_from, _from_domains(header))
        passed_on = brought.passed_on
        if passed_on and not brought.peer:
            spf = told_by_others(passed_on.spf, brought.mail_from)
        else:
            spf = self.check_server(brought.peer, brought.helo, brought.mail_from)
        is_whole = passed_on is None or passed_on.is_whole
        found = judge(sender, raw, self.dns, seconds=PATIENCE, spf=spf, is_whole=is_whole)
        return found.stored()

    def _begin_scans(self, brought: Brought, raw: bytes) -> "dict[str, Future[Scan]]":
        if self._pool is None:
            return {}
        carried = Carried(brought.mail_from, brought.rcpt_tos, brought.peer, brought.helo)
        return {
            label: self._pool.submit(scanner.scan, raw, carried, SCAN_PATIENCE)
            for label, scanner in self.scanners.items()
        }


def unexamined() -> Findings:
    """For a message that could not be looked at now: its sender is authenticated later."""
    result = "temperror"
    authentication = {
        "spf": result,
        "dkim": result,
        "dmarc": result,
        "arc": result,
        "aligned": False,
        "unsettled": True,
    }
    scanned_here = bool(settings.RSPAMD or settings.CLAMAV)
    return Findings(authentication, labels=(UNSCANNED,) if scanned_here else ())


def _outcome(scan: "Future[Scan]") -> Scan | None:
    try:
        return scan.result(timeout=SCAN_PATIENCE)
    except Unscanned as reason:
        logger.warning("a message was not scanned: %s", reason)
    except TimeoutError:
        scan.cancel()
        logger.warning("a message was not scanned: no answer in time")
    except Exception:  # a scanner's answer must never cost a message
        logger.exception("a message was not scanned")
    return None


def _from_domains(header: HeaderBlock) -> tuple[str, ...]:
    """The domains of all mailboxes in From; "" for one without."""
    found = parse_addresses(", ".join(header.every("from")[:_FROM_FIELDS]), limit=_FROM_FIELDS)
    return tuple(one.addr_spec.rpartition("@")[2] for one in found)


def _warnings(header: HeaderBlock, authentication: dict[str, Any]) -> tuple[str, ...]:
    """`results_in_our_name`: RFC 8601 §5 has such fields removed. The octets stay as they came,
    but nothing here believes them."""
    warnings = []
    ours = settings.HOSTNAME.lower()
    claims = header.every("authentication-results")[:50]
    if any(_authserv_id(value) == ours for value in claims):
        warnings.append("results_in_our_name")
    signatures = authentication.get("details", {}).get("dkim", ())
    if any(one["partial"] and one["result"] == "pass" for one in signatures):
        warnings.append("partly_signed")
    return tuple(warnings)


def _authserv_id(value: str) -> str:
    words = value.partition(";")[0].split()
    return words[0].lower() if words else ""


@lru_cache(maxsize=1)
def examiner() -> Examiner:
    """The one of this process, as the settings have it."""
    rspamd = Rspamd(settings.RSPAMD) if settings.RSPAMD else None
    clamav = Clamav(settings.CLAMAV) if settings.CLAMAV else None
    return Examiner(_dns(settings.DNS), rspamd=rspamd, clamav=clamav)


def _dns(address: str) -> Dns:
    try:
        return LiveDns(resolver_at(address), knows_reserved=bool(address))
    except ValueError as error:
        logger.warning("senders cannot be authenticated: %s", error)
        return NoDns()
