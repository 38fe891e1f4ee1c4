"""The DNS: our own host's names, and the records of every domain."""

from collections.abc import Iterator
from ipaddress import ip_address

from django.conf import settings
from dns.resolver import Resolver

from inboxes.models import Domain
from mailagent.doctor.findings import Finding, fault, ok, warning
from outbound import dns_lookup
from outbound.dns_records import Verdict, compare, questions_of
from outbound.domain_names import is_local
from outbound.domains import plan_of

PATIENCE = 5.0  # seconds for one question
_NEEDED = ("ownership", "mx", "spf", "dkim")


def _resolver() -> Resolver:
    return dns_lookup.resolver_at(settings.DNS, lifetime=PATIENCE, remember=False)


def host() -> Iterator[Finding]:
    """Our name has addresses, and each of them leads back to it."""
    name = settings.HOSTNAME.lower()
    if "." not in name:
        yield warning(
            "host", f"{name} is no name that others can look up.",
            "Set MAILAGENT_HOSTNAME to the full name of this machine before mail leaves it.",
        )  # fmt: skip
        return
    resolver = _resolver()
    answers = dns_lookup.ask_all(resolver, [("A", name), ("AAAA", name)])
    addresses = [address for found in answers.values() for address in found or ()]
    if not addresses:
        silent = None in answers.values()
        yield fault(
            "host", f"{name} {'could not be looked up' if silent else 'has no address'}.",
            "Publish an A or AAAA record for it, or correct MAILAGENT_HOSTNAME.",
        )  # fmt: skip
        return
    yield ok("host", f"{name} has {', '.join(addresses)}.")
    reverse = {address: ip_address(address).reverse_pointer for address in addresses}
    names = dns_lookup.ask_all(resolver, [("PTR", pointer) for pointer in reverse.values()])
    for address, pointer in reverse.items():
        found = [each.lower().rstrip(".") for each in names["PTR", pointer] or ()]
        if name in found:
            yield ok("reverse", f"{address} leads back to {name}.")
        else:
            yield fault(
                "reverse", f"{address} leads to {', '.join(found) or 'no name'}, not to {name}.",
                "Have the owner of the address set its PTR record: many servers refuse our mail.",
            )  # fmt: skip


def domains() -> Iterator[Finding]:
    """What is published for each domain, asked now."""
    resolver = _resolver()
    for domain in Domain.objects.order_by("name", "created_at").prefetch_related("dkim_keys"):
        if is_local(domain.name):
            yield ok(f"domain {domain.name}", "Needs no DNS.")
            continue
        plan = plan_of(domain)
        verdicts = compare(plan, dns_lookup.ask_all(resolver, questions_of(plan)))
        yield from _of_domain(domain, verdicts)


def _of_domain(domain: Domain, verdicts: list[Verdict]) -> Iterator[Finding]:
    about = f"domain {domain.name}"
    lacking = [each for each in verdicts if each.status != "found"]
    if not lacking:
        yield ok(about, "Every record is published.")
    for each in lacking:
        record = each.record
        says = f"{record.type} {record.name} ({record.purpose}) is {each.status}."
        if each.status == "pending":
            yield warning(about, f"{record.type} {record.name}: the DNS did not say.", "Try again.")
            continue
        needed = record.purpose in _NEEDED and domain.is_held
        make = fault if needed else warning
        yield make(about, says, f"Publish {record.value}")
