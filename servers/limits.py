"""How much of us a client may have: connections, commands, errors, octets, time."""

import ipaddress
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one listener. Times in seconds, sizes in octets."""

    connections: int = 1000
    connections_per_address: int = 100
    connections_per_net: int = 300  # IPv4 /24, IPv6 /64
    recipients: int = 100  # RFC 5321 §4.5.3.1.8
    commands: int = 2000  # since the last message that was taken
    errors: int = 20  # answers of 500 and above
    command_line: int = 1024
    message_size: int = 25 * 1024 * 1024
    octets_in_flight: int = 512 * 1024 * 1024  # of all messages that are being received
    idle: float = 300.0  # RFC 5321 §4.5.3.2.7
    session: float = 3600.0
    message: float = 900.0  # from DATA to the last octet
    slowest: int = 256  # octets a second, once a message has taken `slow_start`
    slow_start: float = 30.0
    answer: float = 60.0  # to store what was sent


@dataclass(slots=True)
class Doorkeeper:
    """Counts the connections of one listener, by address and by net."""

    limits: Limits
    open: int = 0
    octets: int = 0
    _by_origin: Counter[str] = field(default_factory=Counter)

    def enter(self, address: str) -> bool:
        """Let a connection in; False (and not counted) when that would be too many."""
        net = net_of(address)
        if (
            self.open >= self.limits.connections
            or self._by_origin[address] >= self.limits.connections_per_address
            or self._by_origin[net] >= self.limits.connections_per_net
        ):
            return False
        self.open += 1
        self._by_origin.update((address, net))
        return True

    def leave(self, address: str) -> None:
        self.open -= 1
        for origin in (address, net_of(address)):
            self._by_origin[origin] -= 1
            if self._by_origin[origin] <= 0:
                del self._by_origin[origin]

    def hold(self, octets: int) -> bool:
        """Account for octets of a message; False when all sessions together hold too many."""
        self.octets += octets
        return self.octets <= self.limits.octets_in_flight

    def release(self, octets: int) -> None:
        self.octets -= octets


@lru_cache(maxsize=1024)
def net_of(address: str) -> str:
    """The net that an address most likely shares with its owner's others: /24 or /64."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "elsewhere"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 64), strict=False))


@dataclass(slots=True)
class Disk:
    """Whether there is room left, looked up every few seconds."""

    folder: Path
    needed: int
    _looked_at: float = -1e9
    _enough: bool = True

    def has_room(self) -> bool:
        if time.monotonic() - self._looked_at > 5:
            self._looked_at = time.monotonic()
            there = self.folder if self.folder.exists() else Path()
            self._enough = shutil.disk_usage(there).free >= self.needed
        return self._enough
