"""Straight to the recipient's own servers, as their MX records say."""

import time
from collections.abc import Iterator

from outbound.dns_lookup import resolver_at
from outbound.header_fields import ascii_domain
from outbound.transports.connecting import connect_opportunistically, connect_securely
from outbound.transports.idle import IdleConnections
from outbound.transports.limits import Limits, NoLimits, Slot
from outbound.transports.mta_sts import Policy
from outbound.transports.protocol import Job, NotNow, OnPhase, Phase, Result, same_for_all
from outbound.transports.resolving import NoRoute, addresses_of, mail_hosts
from outbound.transports.sts_policies import StsPolicies
from outbound.transports.transaction import refusal_before_sending, transact
from outbound.transports.wire import ConnectionLost, SmtpConnection, Timeouts

_SERVER_AWAY = frozenset({0, 421})
PATIENCE = 2.0  # seconds in which one of our connections to the domain may become free
LOOK_EVERY = 0.05
ASK_AGAIN_AFTER = 5.0


class Direct:
    """Tries the domain's hosts in order, until one of them has taken up the message.

    TLS is used where it is offered, whatever the certificate: plain text would be read by more.
    Where the domain's MTA-STS policy is to be enforced, only its hosts count, under verified TLS.
    A connection waits a few seconds for the next message to the domain.
    """

    def __init__(
        self,
        *,
        hostname: str,
        dns: str = "",
        port: int = 25,
        timeouts: Timeouts | None = None,
        policies: StsPolicies | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.hostname = hostname
        self.resolver = resolver_at(dns)
        self.port = port
        self.timeouts = timeouts or Timeouts()
        self._policies = policies
        self.limits = limits or NoLimits()
        self.idle = IdleConnections()

    def send(self, job: Job, *, on_phase: OnPhase) -> list[Result]:
        """As the protocol says. Raises ValueError for recipients of several domains."""
        domain = _common_domain(job)
        if refused := refusal_before_sending(job):
            return refused
        if not domain:
            return same_for_all(job, "failed", 553, "5.1.2 not sent: this is no domain")
        on_phase("connecting")
        policy = self._policies.policy_for(domain) if self._policies else None
        results = _Attempt(self, domain, policy, job, on_phase).make()
        if any(each.reply_code == 421 for each in results):
            self.limits.halve(domain)
        return results


class _Attempt:
    """One message on its way to one domain's servers."""

    def __init__(
        self, direct: Direct, domain: str, policy: Policy | None, job: Job, on_phase: OnPhase
    ) -> None:
        self.direct = direct
        self.domain = domain
        self.enforced = policy if policy and policy.mode == "enforce" else None
        self.job = job
        self.on_phase = on_phase
        self.key = (domain, self.enforced is not None)
        self.is_taken_up = False  # "data" was reached: no other server may get it now
        self.is_slot_kept = False  # by a connection that waits for the next message

    def make(self) -> list[Result]:
        """Raises NotNow where all the domain's connections stay busy."""
        until = time.monotonic() + PATIENCE
        while True:
            if results := self._on_an_open_connection():
                return results
            if slot := self.direct.limits.take(self.domain):
                break
            if time.monotonic() > until:
                words = f"enough connections to {self.domain} are open"
                raise NotNow(words, seconds=ASK_AGAIN_AFTER)
            time.sleep(LOOK_EVERY)
        try:
            return self._on_a_new_connection(slot)
        finally:
            if not self.is_slot_kept:
                slot.release()

    def _on_an_open_connection(self) -> list[Result]:
        """Results, or none where no connection of ours is free and alive."""
        while connection := self.direct.idle.take(self.key):
            results, is_settled = self._transacted(connection)
            if is_settled:
                return results
        return []

    def _on_a_new_connection(self, slot: Slot) -> list[Result]:
        try:
            hosts = self._hosts()
        except NoRoute as error:
            return same_for_all(self.job, error.outcome, error.reply_code, str(error))
        until = time.monotonic() + self.direct.timeouts.total
        results: list[Result] = []
        for host in hosts:
            try:
                for address in self._addresses(host, is_alone=hosts == [self.domain]):
                    results, is_settled = self._send_to(host, address, slot)
                    if is_settled or time.monotonic() > until:
                        return results
            except NoRoute as error:
                results = results or same_for_all(
                    self.job, error.outcome, error.reply_code, str(error)
                )
        return results

    def _hosts(self) -> list[str]:
        """Hosts to try, those apart that the domain's policy does not name. Raises NoRoute."""
        direct = self.direct
        hosts = mail_hosts(self.domain, direct.resolver, hostname=direct.hostname)
        if self.enforced is None:
            return hosts
        covered = [host for host in hosts if self.enforced.covers(host)]
        if not covered:
            words = f"4.7.0 not sent: the MTA-STS policy of {self.domain} does not name {hosts[0]}"
            raise NoRoute("deferred", 0, words)
        return covered

    def _addresses(self, host: str, *, is_alone: bool) -> Iterator[str]:
        """Raises NoRoute: for good only where the domain itself, without MX, has no address."""
        try:
            yield from addresses_of(host, self.direct.resolver)
        except NoRoute as error:
            outcome = error.outcome if is_alone else "deferred"
            raise NoRoute(outcome, error.reply_code, str(error)) from error

    def _send_to(self, host: str, address: str, slot: Slot) -> tuple[list[Result], bool]:
        try:
            connection = self._connected(host, address)
        except ConnectionLost as lost:
            return same_for_all(self.job, "deferred", lost.reply_code, str(lost), host), False
        return self._transacted(connection, slot)

    def _connected(self, host: str, address: str) -> SmtpConnection:
        where = (address, self.direct.port)
        hostname, timeouts = self.direct.hostname, self.direct.timeouts
        if self.enforced is None:
            return connect_opportunistically(host, where, hostname=hostname, timeouts=timeouts)
        return connect_securely(
            host, where, hostname=hostname, timeouts=timeouts, is_implicit=False
        )

    def _transacted(
        self, connection: SmtpConnection, slot: Slot | None = None
    ) -> tuple[list[Result], bool]:
        """Results, and whether they stand: a server that went away early leaves it to the next."""
        results = transact(
            connection, self.job, on_phase=self._enter, timeouts=self.direct.timeouts
        )
        is_away = all(
            each.outcome == "deferred" and each.reply_code in _SERVER_AWAY for each in results
        )
        if is_away and not self.is_taken_up:
            connection.close()
            return results, False
        if slot is not None and connection.is_open:
            connection.at_close, self.is_slot_kept = slot.release, True
        self.direct.idle.keep(connection, self.key)
        return results, True

    def _enter(self, phase: Phase) -> None:
        self.is_taken_up = True
        self.on_phase(phase)


def _common_domain(job: Job) -> str:
    """The recipients' domain in A-labels, or "" when it is none."""
    domains = {rcpt_to.rpartition("@")[2].lower() for rcpt_to in job.rcpt_tos}
    if len(domains) != 1:
        raise ValueError("A job for the direct transport is for one domain.")
    try:
        return ascii_domain(domains.pop())
    except ValueError:
        return ""
