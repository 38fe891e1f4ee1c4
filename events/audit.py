"""The audit record: one chain of entries per workspace, each sealed over the one before.

The seals are HMACs under a key that is not in the database, so that whoever writes to the
database alone can break the chain but not mend it. The head seals the length of the chain. What
is not found: a whole earlier state of the tables put back. Export the record for that.
"""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from events.models import AuditEntry, AuditHead
from events.secrecy import derived_key

INSTALLATION = UUID(int=0)  # The chain that records which workspaces have a chain.


@transaction.atomic
def record(
    workspace_id: UUID,
    *,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Put one act on record, in the caller's transaction. The workspace's chain is locked until
    that ends: call it late. `details` holds small facts, no bodies and no secrets."""
    head, begun = AuditHead.objects.select_for_update().get_or_create(workspace_id=workspace_id)
    if begun and workspace_id != INSTALLATION:
        _record_beginning(workspace_id)
    entry = AuditEntry(
        workspace_id=workspace_id,
        sequence=head.sequence + 1,
        at=timezone.now(),
        actor=actor,
        action=action,
        subject=subject,
        details=_plain(details or {}),
        previous_hash=bytes(head.hash),
    )
    entry.hash = _seal_of_entry(entry, _keys()[0])
    entry.save(force_insert=True)
    head.sequence, head.hash = entry.sequence, entry.hash
    head.seal = _seal_of_head(head, _keys()[0])
    head.save(update_fields=["sequence", "hash", "seal"])
    return entry


def _record_beginning(workspace_id: UUID) -> None:
    """So that a chain which vanished with its head is missed, too."""
    record(INSTALLATION, actor="system", action="audit.begin", subject=f"workspace:{workspace_id}")


def verify(workspace_id: UUID) -> list[str]:
    """Every fault of a workspace's chain, in its order, as sentences that name the sequence."""
    return list(_faults(workspace_id))


def chains() -> list[UUID]:
    """Every workspace that has, or on record once had, a chain; the installation's own first."""
    begun = AuditEntry.objects.filter(workspace_id=INSTALLATION, action="audit.begin")
    subjects = begun.values_list("subject", flat=True)
    found = {UUID(subject.removeprefix("workspace:")) for subject in subjects}
    found |= set(AuditHead.objects.values_list("workspace_id", flat=True))
    found |= set(AuditEntry.objects.values_list("workspace_id", flat=True).distinct())
    return sorted(found)


def _faults(workspace_id: UUID) -> Iterator[str]:
    expected, previous = 1, b""
    entries = AuditEntry.objects.filter(workspace_id=workspace_id).order_by("sequence")
    for entry in entries.iterator(chunk_size=1000):
        if entry.sequence != expected:
            yield f"entry {expected}: missing"
            previous = bytes(entry.previous_hash)
        if bytes(entry.previous_hash) != previous:
            yield f"entry {entry.sequence}: does not follow the entry before it"
        if not _sealed(bytes(entry.hash), partial(_seal_of_entry, entry)):
            yield f"entry {entry.sequence}: altered"
        expected, previous = entry.sequence + 1, bytes(entry.hash)
    yield from _faults_of_head(workspace_id, length=expected - 1, last=previous)


def _faults_of_head(workspace_id: UUID, *, length: int, last: bytes) -> Iterator[str]:
    head = AuditHead.objects.filter(workspace_id=workspace_id).first()
    if head is None:
        yield f"entry {length + 1}: the end of the chain is missing, and its head"
        return
    if not _sealed(bytes(head.seal), partial(_seal_of_head, head)):
        yield f"entry {length + 1}: the head of the chain was altered"
    elif head.sequence != length:
        first = min(head.sequence, length) + 1
        yield f"entry {first}: the chain has {length} entries, its head says {head.sequence}"
    elif bytes(head.hash) != last:
        yield f"entry {length}: is not the entry that was written last"


def _sealed(seal: bytes, under: Callable[[bytes], bytes]) -> bool:
    return any(hmac.compare_digest(seal, under(key)) for key in _keys())


def _seal_of_entry(entry: AuditEntry, key: bytes) -> bytes:
    facts = {
        "workspace": str(entry.workspace_id),
        "sequence": entry.sequence,
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
        "previous": bytes(entry.previous_hash).hex(),
    }
    return hmac.digest(key, _canonical(facts), "sha256")


def _seal_of_head(head: AuditHead, key: bytes) -> bytes:
    facts = {
        "head": str(head.workspace_id),
        "sequence": head.sequence,
        "hash": bytes(head.hash).hex(),
    }
    return hmac.digest(key, _canonical(facts), "sha256")


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON gives it back: UUIDs and times are text, every key is a string."""
    plain: dict[str, Any] = json.loads(json.dumps(details, cls=DjangoJSONEncoder, allow_nan=False))
    return plain


def _canonical(facts: Any) -> bytes:
    return json.dumps(
        _as_stored(facts), sort_keys=True, separators=(",", ":"), ensure_ascii=True
    ).encode()


def _as_stored(value: Any) -> Any:
    """Numbers as PostgreSQL's jsonb gives them back: 1e20 comes back as a whole number."""
    if isinstance(value, dict):
        return {name: _as_stored(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_stored(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _keys() -> tuple[bytes, ...]:
    return _derived((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=8)
def _derived(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """The key that seals, and those of rotated secrets, which still verify."""
    return tuple(derived_key("audit chain", secret=secret) for secret in secrets)
