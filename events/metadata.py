"""What callers keep with our things, in words of their own."""

import json
from typing import Any

from events.errors import Invalid

METADATA_LIMIT = 64 * 1024  # octets as JSON


def fitting(metadata: dict[str, Any]) -> dict[str, Any]:
    """The same. Raises Invalid where it is too large: each list answers with all of it."""
    if len(json.dumps(metadata)) > METADATA_LIMIT:
        raise Invalid.field("metadata", f"Is over {METADATA_LIMIT} octets with this.")
    return metadata
