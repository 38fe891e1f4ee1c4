"""Straight to the recipient's own servers, as their MX records say."""

import time

from outbound.dns_lookup import resolver_at
from outbound.header_fields import ascii_domain
from outbound.transports.connecting import connect_opportunistically
from outbound.transports.protocol import Job, OnPhase, Phase, Result, same_for_all
from outbound.transports.resolving import NoRoute, addresses_of, mail_hosts
from outbound.transports.transaction import refusal_before_sending, transact
from outbound.transports.wire import ConnectionLost, Timeouts

_SERVER_AWAY = frozenset({0, 421})


class Direct:
    """Tries the domain's hosts in order, until one of them has taken up the message.

    TLS is used where it is offered, whatever the certificate: plain text would be read by more.
    """

    def __init__(
        self,
        *,
        hostname: str,
        dns: str = "",
        port: int = 25,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._hostname = hostname
        self._resolver = resolver_at(dns)
        self._port = port
        self._timeouts = timeouts or Timeouts()

    def send(self, job: Job, *, on_phase: OnPhase) -> list[Result]:
        """As the protocol says. Raises ValueError for recipients of several domains."""
        domain = _common_domain(job)
        if refused := refusal_before_sending(job):
            return refused
        if not domain:
            return same_for_all(job, "failed", 553, "5.1.2 not sent: this is no domain")
        on_phase("connecting")
        try:
            hosts = mail_hosts(domain, self._resolver, hostname=self._hostname)
        except NoRoute as error:
            return same_for_all(job, error.outcome, error.reply_code, str(error))
        return self._send_to_one_of(hosts, job, on_phase)

    def _send_to_one_of(self, hosts: list[str], job: Job, on_phase: OnPhase) -> list[Result]:
        until = time.monotonic() + self._timeouts.total
        results: list[Result] = []
        for host in hosts:
            try:
                for address in addresses_of(host, self._resolver):
                    results, is_settled = self._send_to(host, address, job, on_phase)
                    if is_settled or time.monotonic() > until:
                        return results
            except NoRoute as error:
                outcome = error.outcome if hosts == [_common_domain(job)] else "deferred"
                results = results or same_for_all(job, outcome, error.reply_code, str(error))
        return results

    def _send_to(
        self, host: str, address: str, job: Job, on_phase: OnPhase
    ) -> tuple[list[Result], bool]:
        """Results, and whether they stand: a server that went away early leaves it to the next."""
        try:
            connection = connect_opportunistically(
                host, (address, self._port), hostname=self._hostname, timeouts=self._timeouts
            )
        except ConnectionLost as lost:
            return same_for_all(job, "deferred", lost.reply_code, str(lost), host), False
        reached: list[Phase] = []

        def noted(phase: Phase) -> None:
            reached.append(phase)
            on_phase(phase)

        results = transact(connection, job, on_phase=noted, timeouts=self._timeouts)
        if connection.is_open:
            connection.quit()
        is_away = all(
            each.outcome == "deferred" and each.reply_code in _SERVER_AWAY for each in results
        )
        return results, bool(reached) or not is_away


def _common_domain(job: Job) -> str:
    """The recipients' domain in A-labels, or "" when it is none."""
    domains = {rcpt_to.rpartition("@")[2].lower() for rcpt_to in job.rcpt_tos}
    if len(domains) != 1:
        raise ValueError("A job for the direct transport is for one domain.")
    try:
        return ascii_domain(domains.pop())
    except ValueError:
        return ""
