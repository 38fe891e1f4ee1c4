"""Every route under /v1/ with what it asks of a key. `test_tenants` walks this table, and fails
for a route or a method that is not in it: add a line here with each new one."""

from dataclasses import dataclass, field
from typing import Any

INBOX = "inboxes/{inbox}"
MESSAGE = f"{INBOX}/messages/{{message}}"


@dataclass(frozen=True)
class Route:
    """One method of one path. In `path`, names in braces are filled with ids of the *other*
    workspace's things (see `things` in test_tenants), or for the owner with their own."""

    method: str
    path: str
    # The permission it needs; None: any key; "public": no key at all.
    deed: str | None
    # The status its owner gets.
    status: int = 200
    body: dict[str, Any] | None = None
    # Lists that name no inbox show nobody else's things, instead of answering 404.
    is_list: bool = field(default=False)


ROUTES = [
    Route("GET", "openapi.json", "public"),
    Route("GET", "openapi.yaml", "public"),
    Route("GET", "me", None, is_list=True),
    Route("GET", "events", "read", is_list=True),
    Route("GET", "inboxes", "read", is_list=True),
    Route("GET", INBOX, "read"),
    Route("PATCH", INBOX, "manage", body={"displayName": "Changed"}),
    Route("GET", f"{INBOX}/messages", "read"),
    Route("GET", MESSAGE, "read"),
    Route("PATCH", MESSAGE, "draft", body={"isRead": True}),
    Route("GET", f"{MESSAGE}/raw", "read"),
    Route("GET", f"{MESSAGE}/attachments", "read"),
    Route("GET", f"{MESSAGE}/attachments/{{attachment}}", "read"),
    Route("DELETE", MESSAGE, "draft", status=204),
    Route("GET", f"{INBOX}/threads", "read"),
    Route("GET", f"{INBOX}/threads/{{thread}}", "read"),
    Route("PATCH", f"{INBOX}/threads/{{thread}}", "draft", body={"status": "resolved"}),
]
