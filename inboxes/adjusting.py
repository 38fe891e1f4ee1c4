"""Changing how an inbox behaves, on record."""

import json
from typing import Any

from django.db import transaction

from events import audit
from events.errors import Invalid
from inboxes.models import Inbox

METADATA_LIMIT = 64 * 1024  # octets as JSON


def merged_metadata(present: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Each name in `given` replaces what is there; null removes it. Raises Invalid if too large."""
    merged = {**present, **given}
    merged = {name: value for name, value in merged.items() if value is not None}
    if len(json.dumps(merged)) > METADATA_LIMIT:
        raise Invalid.field("metadata", f"Is over {METADATA_LIMIT} octets with this.")
    return merged


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
