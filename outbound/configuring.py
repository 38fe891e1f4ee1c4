"""Giving a domain a way out of its own, on record; secrets go in and are never shown again."""

import secrets
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from events import audit
from inboxes.models import Domain
from outbound import ways_out
from outbound.esp_providers import PROVIDERS
from outbound.models import DomainTransport
from outbound.ways_out import WEBHOOK_SECRET

_SHOWN = frozenset(
    {
        *("access_key_id", "api_url", "configuration_set_name", "inbound_topic_arn"),
        *("message_stream", "project_id", "region", "sandbox_id", "sender_domain", "topic_arn"),
    }
)


@transaction.atomic
def configure(
    domain: Domain, kind: str, given: Mapping[str, str], *, is_active: bool = True, by: str
) -> DomainTransport:
    """Have mail from `domain` leave by `kind`. Raises ValueError, which names no value.

    Settings that are left out stay as they are while the kind does. The webhook's secret is made
    here, once.
    """
    row = DomainTransport.objects.select_for_update().filter(domain=domain).first()
    kept = ways_out.opened(row) if row and row.kind == kind else {}
    wanted = {**ways_out.of_the_way(kept), **given}
    ways_out.build(kind, wanted, domain.pk)
    wanted[WEBHOOK_SECRET] = kept.get(WEBHOOK_SECRET) or secrets.token_urlsafe(32)
    row = row or DomainTransport(domain=domain)
    row.kind, row.is_active, row.updated_at = kind, is_active, timezone.now()
    row.sealed_settings = ways_out.sealed(wanted)
    row.save()
    audit.record(
        domain.workspace_id,
        actor=by,
        action="domain.transport",
        subject=f"domain:{domain.pk}",
        details={"kind": kind, "is_active": is_active, "settings": sorted(given)},
    )
    transaction.on_commit(lambda: ways_out.forget(), robust=True)
    return row


@transaction.atomic
def remove(transport: DomainTransport, *, by: str) -> None:
    """Let mail from the domain take the installation's way again."""
    domain = transport.domain
    transport.delete()
    audit.record(
        domain.workspace_id,
        actor=by,
        action="domain.transport.remove",
        subject=f"domain:{domain.pk}",
    )
    transaction.on_commit(lambda: ways_out.forget(), robust=True)


def shown(transport: DomainTransport) -> list[tuple[str, str]]:
    """What is configured: names, and the values of those that are no secrets."""
    kept = ways_out.of_the_way(ways_out.opened(transport))
    return [(name, kept[name] if name in _SHOWN else "(set)") for name in sorted(kept)]


def webhook_urls(transport: DomainTransport) -> list[str]:
    """Where the provider shall report to, and bring mail; each holds the secret."""
    provider = PROVIDERS.get(transport.kind)
    if provider is None:
        return []
    secret = ways_out.opened(transport)[WEBHOOK_SECRET]
    kinds = {"tracking": provider.tracking_view, "inbound": provider.inbound_view}
    base = f"{settings.BASE_URL}/hooks/providers/{transport.pk}/{secret}"
    return [f"{base}/{name}" for name, view in kinds.items() if view]
