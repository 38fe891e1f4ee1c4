"""Which hosts take mail for a domain, and where they are (RFC 5321 §5.1, RFC 7505)."""

import random
from collections.abc import Iterator

from dns.exception import DNSException, SyntaxError
from dns.name import NameTooLong, root
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from outbound.transports.protocol import Outcome
from outbound.transports.wire import printable

_MOST_HOSTS = 5


class NoRoute(Exception):
    """Nobody to give the mail to: for now ("deferred") or for good ("failed")."""

    def __init__(self, outcome: Outcome, reply_code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.outcome = outcome
        self.reply_code = reply_code


def mail_hosts(domain: str, resolver: Resolver, *, hostname: str) -> list[str]:
    """Hosts to try, best first, equals shuffled, at most 5. Raises NoRoute.

    `hostname` is ours: where the domain names us, only better hosts count, or mail would loop.
    """
    if domain.startswith("["):
        raise NoRoute("failed", 550, "5.1.2 address literals are not served")
    try:
        answer = resolver.resolve(f"{domain}.", "MX")
    except NXDOMAIN:
        raise NoRoute("failed", 550, f"5.1.2 the domain {domain} does not exist") from None
    except NoAnswer:
        return [domain]
    except (NameTooLong, SyntaxError) as error:
        raise NoRoute("failed", 550, f"5.1.2 {domain} is no domain name") from error
    except DNSException as error:
        raise NoRoute("deferred", 0, f"4.4.3 DNS: {printable(str(error))}") from error
    named = [(each.preference, random.random(), each.exchange) for each in answer]  # noqa: S311
    usable = sorted(each for each in named if each[2] != root)
    if not usable:
        raise NoRoute("failed", 556, f"5.1.10 the domain {domain} takes no mail (null MX)")
    hosts = [(preference, name.to_text(omit_final_dot=True)) for preference, _, name in usable]
    return _better_than_us(hosts, hostname)[:_MOST_HOSTS]


def _better_than_us(hosts: list[tuple[int, str]], hostname: str) -> list[str]:
    ours = [preference for preference, host in hosts if host.lower() == hostname.lower()]
    better = [host for preference, host in hosts if not ours or preference < min(ours)]
    if not better:
        raise NoRoute("failed", 550, "5.4.6 the domain's mail comes to us: it would loop")
    return better


def addresses_of(host: str, resolver: Resolver) -> Iterator[str]:
    """IPv4, then IPv6 addresses. Raises NoRoute when the DNS names none."""
    found, troubles = False, []
    for record_type in ("A", "AAAA"):
        try:
            for each in resolver.resolve(f"{host}.", record_type):
                found = True
                yield each.to_text()
        except (NXDOMAIN, NoAnswer):
            continue
        except DNSException as error:
            troubles.append(printable(str(error)))
    if troubles and not found:
        raise NoRoute("deferred", 0, f"4.4.3 DNS: {troubles[0]}")
    if not found:
        raise NoRoute("failed", 550, f"5.4.4 {host} has no address")
