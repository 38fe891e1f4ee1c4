"""The ways out of this installation, with what they know and count in common."""

from functools import partial

from django.conf import settings

from outbound import connection_limits
from outbound.dns_lookup import resolver_at
from outbound.sts_store import DatabaseStore
from outbound.transports.choose import transport_for
from outbound.transports.protocol import Transport
from outbound.transports.sts_policies import StsPolicies, fetch_policy


def transport_at(url: str) -> Transport:
    """The transport for `url`, as MAILAGENT_TRANSPORT writes it. Raises ValueError."""
    if url != "direct":
        return transport_for(url, dns=settings.DNS, hostname=settings.HOSTNAME)
    fetch = partial(fetch_policy, dns=settings.DNS)
    return transport_for(
        url,
        dns=settings.DNS,
        hostname=settings.HOSTNAME,
        policies=StsPolicies(resolver_at(settings.DNS), fetch, store=DatabaseStore()),
        limits=connection_limits.of_this_installation(),
    )
