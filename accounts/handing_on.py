"""Keys that make keys: none gives more than it has, neither permissions nor reach nor time."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Workspace
from accounts.scope import Scope
from events.errors import Conflict, Forbidden, Invalid

OVERLAP = timedelta(days=1)
MOST_OVERLAP = timedelta(days=30)


class MoreThanItHas(Forbidden):
    """The key would give what it does not have. `details.permissions` names that."""

    code = "PERMISSION_DENIED"


class KeyEnded(Conflict):
    """The key is revoked or expired."""

    code = "KEY_ENDED"


def permissions_of(scope: Scope, workspace_id: UUID, inbox_id: UUID | None) -> list[str]:
    """What the caller may do there."""
    covering = [grant for grant in scope.grants if grant.covers(workspace_id, inbox_id)]
    own = frozenset[str]().union(*(grant.deeds for grant in covering))
    return sorted(own & frozenset(ApiKey.Permission.values))


def hand_on(
    scope: Scope,
    *,
    workspace: Workspace,
    inbox_id: UUID | None,
    name: str,
    permissions: Collection[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key to that inbox (None: to the workspace), and its only showing.

    Left out, permissions and end are the caller's own. Raises MoreThanItHas, and Invalid for an
    end that has passed.
    """
    own = permissions_of(scope, workspace.pk, inbox_id)
    given = own if permissions is None else permissions
    _refuse_more(given, own)
    return keys.issue(
        ApiKey.Kind.WORKSPACE if inbox_id is None else ApiKey.Kind.INBOX,
        workspace=workspace,
        inbox_id=inbox_id,
        name=name,
        permissions=given,
        created_by=scope.actor,
        expires_at=_end(scope, expires_at),
    )


@transaction.atomic
def rotate(scope: Scope, key: ApiKey, *, overlap: timedelta = OVERLAP) -> tuple[ApiKey, str]:
    """A successor of `key` with the same name, permissions, reach and end, and its only showing.

    Both are live for the `overlap`; then `key` expires. Raises KeyEnded and MoreThanItHas.
    """
    now = timezone.now()
    old = ApiKey.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=key.pk)
    if old.revoked_at or (old.expires_at and old.expires_at <= now):
        raise KeyEnded("This key is revoked or expired: make a new one.")
    assert old.workspace is not None  # noqa: S101 - installation keys are not found by this API
    made = hand_on(
        scope,
        workspace=old.workspace,
        inbox_id=old.inbox_id,
        name=old.name,
        permissions=old.permissions,
        expires_at=old.expires_at,
    )
    old.expires_at = min(old.expires_at or now + overlap, now + overlap)
    old.save(update_fields=["expires_at"])
    keys.record(old, "key.rotate", by=scope.actor, successor=str(made[0].pk))
    return made


def _refuse_more(given: Collection[str], own: Collection[str]) -> None:
    lacking = sorted(set(given) - set(own))
    if lacking:
        raise MoreThanItHas(
            f"This key cannot give what it does not have: {', '.join(lacking)}.",
            permissions=lacking,
        )


def _end(scope: Scope, expires_at: datetime | None) -> datetime | None:
    """When the new key ends: as asked, and never after the caller's own."""
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid.field("expiresAt", "Has passed.")
    own = scope.key.expires_at if scope.key else None
    if own is None:
        return expires_at
    if expires_at is not None and expires_at > own:
        raise Invalid.field("expiresAt", "Is after this key's own end.")
    return expires_at or own
