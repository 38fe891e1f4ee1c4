"""Where a webhook may go: which URLs, and which addresses behind their names.

A name is looked up once, every address it has is checked, and the connection goes to one of the
addresses checked. What is not plainly a public unicast address is refused.
"""

import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self
from urllib.parse import urlsplit

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_LETTERS = 2000
LOOKUP_SECONDS = 5.0
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What some systems read as a number, and so as an IPv4 address: 127.1, 0x7f000001, 2130706433.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORTS = frozenset({80, 443})
_LEAST_HIGH_PORT = 1024

# IANA's special-purpose registries (RFC 6890 and after), metadata services, and what embeds IPv4.
_REFUSED = tuple(
    ip_network(written)
    for written in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # a cloud's own services under a public address
        *("2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20"),
    )
)
# Of IPv6, only this is handed out to the public: no loopback, link-local, unique local, multicast,
# IPv4-mapped, IPv4-compatible or NAT64 address lies in it.
_PUBLIC_IPV6 = IPv6Network("2000::/3")


class Refused(Exception):
    """This is nowhere a webhook may go; the sentence says why and can be shown to the owner."""


class Unresolved(Exception):
    """The name has no address now."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, read once: what connects, signs and shows uses this and never reads it again."""

    scheme: str
    host: str  # a name, or an address without brackets
    port: int
    path: str  # with the query; begins with "/"

    @classmethod
    def of(cls, url: str) -> Self:
        """Read an http or https URL. Raises Refused."""
        if len(url) > MOST_LETTERS or not _PRINTABLE.fullmatch(url) or "\\" in url:
            raise Refused(
                f"Must be at most {MOST_LETTERS} printable ASCII characters (names as xn--, the "
                "rest percent-encoded)."
            )
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname or ""
        except ValueError as error:
            raise Refused("Is no URL.") from error
        if parts.scheme not in ("http", "https"):
            raise Refused("Must begin with https:// or http://.")
        if "@" in parts.netloc:
            raise Refused("Must not hold a user name or password.")
        if "#" in url:
            raise Refused("Must not hold a fragment.")
        standard = 443 if parts.scheme == "https" else 80
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        bracketed = "[" in parts.netloc
        return cls(
            parts.scheme, _host(host, bracketed), _port(standard if port is None else port), path
        )

    @property
    def authority(self) -> str:
        """The Host field (RFC 9112 §3.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"
        )


def _port(port: int) -> int:
    if port not in _PORTS and port < _LEAST_HIGH_PORT:
        raise Refused(f"The port must be 80, 443 or at least {_LEAST_HIGH_PORT}.")
    return port


def _host(host: str, bracketed: bool) -> str:
    try:
        if bracketed:
            return str(IPv6Address(host.replace("%", "no zones")))
        labels = host.removesuffix(".").split(".")
        if _NUMBER.fullmatch(labels[-1]):
            return str(IPv4Address(host))
    except ValueError as error:
        raise Refused("The host looks like an address and is none.") from error
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise Refused("The host is no name and no address.")
    return ".".join(labels)


def addresses_of(target: Target, *, dns: str, allowed: Collection[str]) -> tuple[str, ...]:
    """Every address of the target's host, all of them checked. `dns`: a resolver's `host:port`,
    or "" for the system's; `allowed`: networks (CIDR) that may be reached although they are not
    public. Raises Refused if one address is not allowed, Unresolved if there is none.
    """
    found = _look_up(target.host, dns)
    networks = [ip_network(written) for written in allowed]
    for address in found:
        if not is_allowed(address, networks):
            raise Refused("The host has an address that is not public.")
    return tuple(map(str, found))


def is_allowed(address: Address, allowed: Collection[Network]) -> bool:
    """True for public unicast addresses, and for those that the settings name."""
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    return address.is_global and not any(address in network for network in _REFUSED)


def _look_up(host: str, dns: str) -> list[Address]:
    try:
        return [ip_address(host)]
    except ValueError:
        found = _ask(host, dns) if dns else _ask_system(host)
    if not found:
        raise Unresolved("The host's name has no address.")
    return found


def _ask_system(host: str) -> list[Address]:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unresolved("The host's name cannot be looked up.") from error
    # A scope ("fe80::1%eth0") is no part of what is compared, and never public.
    written = dict.fromkeys(str(row[4][0]).partition("%")[0] for row in rows)
    return [ip_address(one) for one in written]


def _ask(host: str, dns: str) -> list[Address]:
    server, _, port = dns.rpartition(":")
    resolver = Resolver(configure=False)
    resolver.nameservers, resolver.port = [server.strip("[]")], int(port)
    resolver.lifetime = LOOKUP_SECONDS
    found: list[Address] = []
    for record_type in ("A", "AAAA"):
        try:
            found += [
                ip_address(each.to_text()) for each in resolver.resolve(f"{host}.", record_type)
            ]
        except (NXDOMAIN, NoAnswer):
            continue
        except DNSException as error:
            raise Unresolved("The host's name cannot be looked up.") from error
    return found
