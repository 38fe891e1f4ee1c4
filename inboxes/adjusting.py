"""Changing how an inbox behaves, on record."""

from typing import Any

from django.db import transaction

from events import audit
from events.metadata import fitting
from inboxes.models import Inbox


def merged_metadata(present: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """`present` with the merge patch `given` (RFC 7396). Raises Invalid if too large."""
    return fitting(_patched(present, given))


def _patched(present: Any, patch: Any) -> Any:
    """RFC 7396 §2: null removes, maps merge into maps, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    patched = dict(present) if isinstance(present, dict) else {}
    for name, value in patch.items():
        if value is None:
            patched.pop(name, None)
        else:
            patched[name] = _patched(patched.get(name), value)
    return patched


@transaction.atomic
def adjust(inbox: Inbox, changes: dict[str, Any], *, by: str) -> None:
    """Set the fields named in `changes`; `metadata` is merged. The record names old and new."""
    locked = Inbox.objects.select_for_update(of=("self",)).get(pk=inbox.pk)
    if "metadata" in changes:
        changes["metadata"] = merged_metadata(locked.metadata, changes["metadata"])
    altered = {name: new for name, new in changes.items() if getattr(locked, name) != new}
    if not altered:
        return
    told = {
        name: [getattr(locked, name), new]
        for name, new in altered.items()
        if name not in ("metadata", "signature")
    }
    for name, value in altered.items():
        setattr(locked, name, value)
    locked.save(update_fields=[*altered, "updated_at"])
    audit.record(
        locked.workspace_id,
        actor=by,
        action="inbox.adjust",
        subject=f"inbox:{locked.pk}",
        details={"fields": sorted(altered), "changes": told},
    )
