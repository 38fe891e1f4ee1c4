"""A smarthost: one server of ours or of a provider's that takes all mail."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from outbound.dns_lookup import resolver_at
from outbound.transports.connecting import (
    connect_opportunistically,
    connect_plainly,
    connect_securely,
)
from outbound.transports.idle import IdleConnections
from outbound.transports.protocol import Job, OnPhase, Result, same_for_all
from outbound.transports.resolving import NoRoute, addresses_of
from outbound.transports.transaction import refusal_before_sending, transact
from outbound.transports.wire import ConnectionLost, SmtpConnection, Timeouts

Tls = Literal["implicit", "required", "opportunistic", "never"]


@dataclass(frozen=True, slots=True)
class Relay:
    """Where the smarthost is and how it is spoken to.

    "implicit" and "required" verify the certificate against the machine's authorities.
    """

    host: str
    port: int
    tls: Tls = "opportunistic"
    user: str = ""
    password: str = field(default="", repr=False)


class Smarthost:
    """Hands every message to one relay, over connections that are used again."""

    def __init__(
        self,
        relay: Relay,
        *,
        hostname: str,
        dns: str = "",
        timeouts: Timeouts | None = None,
    ) -> None:
        self._relay = relay
        self._hostname = hostname
        self._resolver = resolver_at(dns) if dns else None
        self._timeouts = timeouts or Timeouts()
        self._idle = IdleConnections()

    def send(self, job: Job, *, on_phase: OnPhase) -> list[Result]:
        if refused := refusal_before_sending(job):
            return refused
        on_phase("connecting")
        try:
            connection = self._idle.take() or self._connect()
        except (ConnectionLost, NoRoute) as error:
            host = self._relay.host
            return same_for_all(job, "deferred", error.reply_code, str(error), host)
        results = transact(connection, job, on_phase=on_phase, timeouts=self._timeouts)
        self._idle.keep(connection)
        return results

    def _connect(self) -> SmtpConnection:
        lost: ConnectionLost | None = None
        for address in self._addresses():
            try:
                return self._connect_to(address)
            except ConnectionLost as error:
                lost = error
        raise lost or ConnectionLost("the relay has no address")

    def _addresses(self) -> Iterable[str]:
        host = self._relay.host
        if self._resolver is None or host == "localhost" or _is_ip(host):
            return [host]
        return addresses_of(host, self._resolver)

    def _connect_to(self, address: str) -> SmtpConnection:
        connection = self._greeted((address, self._relay.port))
        if self._relay.user:
            try:
                connection.log_in(self._relay.user, self._relay.password)
            except ConnectionLost:
                connection.close()
                raise
        return connection

    def _greeted(self, address: tuple[str, int]) -> SmtpConnection:
        host, tls = self._relay.host, self._relay.tls
        if tls == "never":
            return connect_plainly(host, address, hostname=self._hostname, timeouts=self._timeouts)
        if tls == "opportunistic":
            return connect_opportunistically(
                host, address, hostname=self._hostname, timeouts=self._timeouts
            )
        return connect_securely(
            host,
            address,
            hostname=self._hostname,
            timeouts=self._timeouts,
            is_implicit=tls == "implicit",
        )


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
