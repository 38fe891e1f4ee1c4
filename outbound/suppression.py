"""Addresses that get no mail from a workspace."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from outbound.models import Suppression


def suppressed(workspace_id: UUID, addresses: Iterable[str]) -> dict[str, Suppression]:
    """Those of the folded `addresses` that are suppressed now, with the entry that says why."""
    in_force = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    found = Suppression.objects.filter(
        in_force, workspace_id=workspace_id, address__in=list(addresses)
    )
    return {entry.address: entry for entry in found}
