"""API keys: made once, shown once, found again by their hash."""

import base64
import hashlib
import secrets
import zlib
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey, Workspace
from events import audit
from events.errors import Invalid

HINT_LENGTH = 9
# Written out: asked by every request, where the ORM took longer to build it than it took to answer.
_LIVE_KEY = """
SELECT * FROM accounts_apikey
WHERE digest = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
"""


def _checksum(body: str) -> str:
    """Six characters that tell a mistyped key from a wrong one without asking the database."""
    crc = zlib.crc32(body.encode()).to_bytes(4, "big")
    return base64.urlsafe_b64encode(crc).decode().rstrip("=")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


@transaction.atomic
def issue(
    kind: ApiKey.Kind,
    *,
    workspace: Workspace | None,
    inbox_id: UUID | None = None,
    name: str,
    permissions: Collection[str],
    created_by: str,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its only showing: `<kind>_<256 bits><checksum>`."""
    unknown = set(permissions) - set(ApiKey.Permission.values)
    if unknown or not permissions:
        known = ", ".join(ApiKey.Permission.values)
        raise Invalid.field("permissions", f"Name at least one of {known}; nothing else.")
    body = f"{kind.value}_{secrets.token_urlsafe(32)}"
    shown = body + _checksum(body)
    key = ApiKey.objects.create(
        kind=kind,
        workspace=workspace,
        inbox_id=inbox_id,
        name=name,
        permissions=sorted(set(permissions)),
        hint=shown[:HINT_LENGTH],
        digest=_digest(shown),
        created_by=created_by,
        expires_at=expires_at,
    )
    record(key, "key.issue", by=created_by, kind=kind.value, permissions=sorted(set(permissions)))
    return key, shown


def record(key: ApiKey, action: str, *, by: str, **details: object) -> None:
    """Put one act on a key on its workspace's record. An installation's key belongs to none."""
    if key.workspace_id is not None:
        subject = f"key:{key.pk}"
        audit.record(key.workspace_id, actor=by, action=action, subject=subject, details=details)


def find(presented: str) -> ApiKey | None:
    """The live key for what a caller presents; None for unknown, revoked and expired alike."""
    body, checksum = presented[:-6], presented[-6:]
    if not presented.isascii() or not secrets.compare_digest(_checksum(body), checksum):
        return None
    found = ApiKey.objects.raw(_LIVE_KEY, [_digest(presented), timezone.now()])
    return next(iter(found), None)


@transaction.atomic
def revoke(key: ApiKey, *, by: str) -> None:
    """End `key` at once, on record. Revoking twice changes nothing."""
    ended = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
    if ended:
        record(key, "key.revoke", by=by)
