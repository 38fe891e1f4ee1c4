"""The ways out: the installation's, and those that domains have for themselves."""

import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from events.secrecy import decrypt, encrypt
from inboxes.models import Domain
from outbound import connection_limits
from outbound.dns_lookup import resolver_at
from outbound.esp_providers import PROVIDERS, checked_settings
from outbound.esp_transport import EspTransport
from outbound.models import Delivery, DomainTransport, ProviderMessage
from outbound.sts_store import DatabaseStore
from outbound.transports.choose import transport_for
from outbound.transports.protocol import Transport
from outbound.transports.sts_policies import StsPolicies, fetch_policy

logger = logging.getLogger(__name__)
KNOWN_FOR = 2.0  # seconds, after which a changed configuration is seen
DIRECT, SMARTHOST = "direct", "smarthost"
KINDS = (DIRECT, SMARTHOST, *PROVIDERS)
WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - the name of a setting


@dataclass(frozen=True, slots=True)
class WayOut:
    """A transport under the name that a delivery's record has.

    `is_provider`: it takes a message for all recipients at once, and builds the MIME anew, so
    that signatures of ours would be broken.
    """

    name: str
    transport: Transport
    is_provider: bool = False


def transport_at(url: str) -> Transport:
    """The transport for `url`, as MAILAGENT_TRANSPORT writes it. Raises ValueError."""
    if url != DIRECT:
        return transport_for(url, dns=settings.DNS, hostname=settings.HOSTNAME)
    fetch = partial(fetch_policy, dns=settings.DNS)
    return transport_for(
        url,
        dns=settings.DNS,
        hostname=settings.HOSTNAME,
        policies=StsPolicies(resolver_at(settings.DNS), fetch, store=DatabaseStore()),
        limits=connection_limits.of_this_installation(),
    )


def build(kind: str, given: Mapping[str, str], domain_id: UUID) -> WayOut:
    """The way out of kind `kind` with settings in clear. Raises ValueError, which names none."""
    if kind == DIRECT:
        if given:
            raise ValueError("direct takes no settings.")
        return WayOut(kind, transport_at(DIRECT))
    if kind == SMARTHOST:
        if set(given) != {"url"} or not given["url"].startswith(("smtp://", "smtps://")):
            raise ValueError("smarthost takes one setting: url = smtps://user:password@host:port.")
        return WayOut(kind, transport_at(given["url"]))
    if kind not in PROVIDERS:
        raise ValueError(f"There is no way out called {kind!r}.")
    provider = PROVIDERS[kind]
    checked = checked_settings(provider, given)
    try:
        transport = EspTransport(provider, checked, remember=partial(_remember, domain_id))
    except (ImproperlyConfigured, ImportError) as error:
        raise ValueError(f"{provider.name} cannot be used with these settings.") from error
    return WayOut(kind, transport, is_provider=True)


def _remember(domain_id: UUID, message_id: str, remote_ids: Mapping[str, str]) -> None:
    """Keep what the provider calls each delivery, so that its reports find them."""
    found = Delivery.objects.filter(message_id=message_id, rcpt_to__in=list(remote_ids))
    ProviderMessage.objects.bulk_create(
        [
            ProviderMessage(
                domain_id=domain_id, remote_id=remote_ids[each.rcpt_to], delivery_id=each.pk
            )
            for each in found.only("pk", "rcpt_to")
        ],
        ignore_conflicts=True,
    )


# --- Settings, sealed ---------------------------------------------------------------------------


def sealed(given: Mapping[str, str]) -> bytes:
    return encrypt(json.dumps(dict(given)).encode())


def opened(transport: DomainTransport) -> dict[str, str]:
    """The settings in clear, the webhook's secret among them. Raises InvalidToken."""
    kept: dict[str, str] = json.loads(decrypt(bytes(transport.sealed_settings)))
    return kept


def of_the_way(kept: Mapping[str, str]) -> dict[str, str]:
    """The settings without what is ours: what `build` takes."""
    return {name: value for name, value in kept.items() if name != WEBHOOK_SECRET}


# --- Chosen by domain ---------------------------------------------------------------------------


class _Chosen:
    """What each domain has for itself, looked up again every few seconds, built when it changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked_at: dict[UUID, tuple[float, WayOut | None]] = {}
        self._built: dict[UUID, tuple[datetime, WayOut]] = {}

    def of(self, domain: Domain) -> WayOut | None:
        with self._lock:
            at, way = self._looked_at.get(domain.pk, (0.0, None))
        if at and time.monotonic() < at + KNOWN_FOR:
            return way
        way = self._look_up(domain)
        with self._lock:
            if len(self._looked_at) > 10_000:
                self._looked_at.clear()
            self._looked_at[domain.pk] = time.monotonic(), way
        return way

    def _look_up(self, domain: Domain) -> WayOut | None:
        row = DomainTransport.objects.filter(domain_id=domain.pk, is_active=True).first()
        if row is None:
            return None
        with self._lock:
            since, way = self._built.get(row.pk, (None, None))
        if way is None or since != row.updated_at:
            way = _built(row)
            with self._lock:
                self._built[row.pk] = row.updated_at, way
        return way

    def forget(self) -> None:
        with self._lock:
            self._looked_at.clear()


class Unusable(Exception):
    """A domain's own way out cannot be used as it is configured. Its mail waits."""


def _built(row: DomainTransport) -> WayOut:
    try:
        return build(row.kind, of_the_way(opened(row)), row.domain_id)
    except (InvalidToken, ValueError) as error:
        words = str(error) or type(error).__name__
        raise Unusable(f"the way out of domain {row.domain_id}: {words}") from error


_chosen = _Chosen()
forget = _chosen.forget


def own_way(domain: Domain) -> WayOut | None:
    """The way out that `domain` has for itself; None: the installation's. Raises Unusable.

    Where the installation catches its mail, no domain lets any out.
    """
    return None if settings.TRANSPORT == "catcher" else _chosen.of(domain)
