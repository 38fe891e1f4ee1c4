"""Every route under /v1/ with what it asks of a key. `test_tenants` walks this table, and fails
for a route or a method that is not in it: add a line here with each new one."""

from dataclasses import dataclass, field
from typing import Any

WORKSPACE = "workspaces/{workspace}"
WORKSPACE_KEY = f"{WORKSPACE}/keys/{{workspace_key}}"
WEBHOOK = "webhooks/{webhook}"
DELIVERY = f"{WEBHOOK}/deliveries/{{delivery}}"
INBOX = "inboxes/{inbox}"
LIST = f"{INBOX}/lists/{{list}}"
INBOX_KEY = f"{INBOX}/keys/{{inbox_key}}"
MESSAGE = f"{INBOX}/messages/{{message}}"
DRAFT = f"{INBOX}/drafts/{{draft}}"
DOMAIN = "domains/{domain}"
ADDRESS = {"address": "billing@acme.example"}
MAIL = {"to": "ann@customer.example", "subject": "News", "plainBody": "Hello"}
HOOK = {"url": "https://1.1.1.1/hook", "events": ["message.received"]}
TO = {"to": "bob@customer.example"}
FILE = {"filename": "a.txt", "contentType": "text/plain", "content": "aGVsbG8="}


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
    # The kind of key that its owner and the stranger come with: "ak", "wk" or "tk".
    by: str = "ak"
    # It is there for what was deleted.
    for_deleted: bool = False


ROUTES = [
    Route("GET", "docs", "public"),
    Route("GET", "openapi.json", "public"),
    Route("GET", "openapi.yaml", "public"),
    Route("GET", "me", None, is_list=True),
    Route("GET", "workspaces", "read", is_list=True, by="wk"),
    Route("POST", "workspaces", "manage", status=201, body={"name": "New"}, by="tk"),
    Route("GET", WORKSPACE, "read", by="wk"),
    Route("PATCH", WORKSPACE, "manage", body={"name": "Changed"}, by="tk"),
    # Refused while it has inboxes.
    Route("DELETE", WORKSPACE, "manage", status=409, by="tk"),
    Route("GET", f"{WORKSPACE}/keys", "manage", by="wk"),
    Route("POST", f"{WORKSPACE}/keys", "manage", status=201, body={"name": "New"}, by="wk"),
    Route("GET", WORKSPACE_KEY, "manage", by="wk"),
    Route("DELETE", WORKSPACE_KEY, "manage", status=204, by="wk"),
    Route("POST", f"{WORKSPACE_KEY}/rotate", "manage", status=201, by="wk"),
    Route("GET", "events", "read", is_list=True),
    Route("GET", "webhooks", "manage", is_list=True),
    Route("POST", "webhooks", "manage", status=201, body=HOOK),
    Route("GET", WEBHOOK, "manage"),
    Route("PATCH", WEBHOOK, "manage", body={"ordered": True}),
    Route("DELETE", WEBHOOK, "manage", status=204),
    Route("POST", f"{WEBHOOK}/rotate-secret", "manage"),
    Route("POST", f"{WEBHOOK}/test", "manage", status=202),
    Route("POST", f"{WEBHOOK}/replay", "manage", status=202, body={"since": "2026-01-01T00:00Z"}),
    Route("GET", f"{WEBHOOK}/deliveries", "manage"),
    Route("GET", DELIVERY, "manage"),
    Route("POST", f"{DELIVERY}/redeliver", "manage", status=202),
    Route("GET", "inboxes", "read", is_list=True),
    Route("GET", INBOX, "read"),
    Route("POST", "inboxes", "manage", status=201, by="wk"),
    Route("PATCH", INBOX, "manage", body={"displayName": "Changed"}),
    Route("DELETE", INBOX, "manage", status=204),
    Route("GET", f"{INBOX}/lists", "read"),
    Route("POST", f"{INBOX}/lists", "manage", status=201, body={"name": "New"}),
    Route("GET", LIST, "read"),
    Route("PATCH", LIST, "manage", body={"name": "Changed"}),
    Route("DELETE", LIST, "manage", status=204),
    Route("GET", f"{LIST}/entries", "read"),
    Route("POST", f"{LIST}/entries", "manage", status=201, body={"addresses": ["a@b.example"]}),
    Route("DELETE", f"{LIST}/entries/{{entry}}", "manage", status=204),
    Route("POST", f"{INBOX}/restore", "manage", for_deleted=True),
    Route("POST", f"{INBOX}/password", "manage"),
    Route("POST", f"{INBOX}/addresses", "manage", status=201, body=ADDRESS),
    Route("DELETE", f"{INBOX}/addresses/{{address}}", "manage", status=204),
    Route("GET", f"{INBOX}/keys", "manage"),
    Route("POST", f"{INBOX}/keys", "manage", status=201, body={"name": "New"}),
    Route("GET", INBOX_KEY, "manage"),
    Route("DELETE", INBOX_KEY, "manage", status=204),
    Route("POST", f"{INBOX_KEY}/rotate", "manage", status=201),
    Route("GET", "domains", "read", is_list=True, by="wk"),
    Route("POST", "domains", "manage", status=201, body={"domain": "new.localhost"}, by="wk"),
    Route("GET", DOMAIN, "read", by="wk"),
    Route("DELETE", DOMAIN, "manage", status=204, by="wk"),
    Route("GET", f"{DOMAIN}/verify", "manage", by="wk"),
    Route("POST", f"{DOMAIN}/verify", "manage", by="wk"),
    Route("GET", f"{DOMAIN}/zone-file", "read", by="wk"),
    Route("POST", f"{DOMAIN}/rotate-dkim", "manage", by="wk"),
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
    Route("GET", "suppressions", "read", is_list=True, by="wk"),
    Route("POST", "suppressions", "manage", status=201, body={"address": "x@y.example"}, by="wk"),
    Route("GET", "suppressions/{suppressed}", "read", by="wk"),
    Route("DELETE", "suppressions/{suppressed}", "manage", status=204, by="wk"),
    Route("GET", "contacts/{someone}", "read", is_list=True),
    Route("GET", "metrics", "read", is_list=True),
    # Nothing of this kind is there: what reaches the thread is told what is wrong.
    Route("POST", f"{INBOX}/threads/{{thread}}/merge", "draft", status=400, body={}),
    Route("POST", f"{INBOX}/threads/{{thread}}/split", "draft", status=400, body={}),
    Route("GET", "drafts", "read", is_list=True),
    Route("GET", "drafts/{draft}", "read"),
    Route("GET", f"{INBOX}/drafts", "read"),
    Route("POST", f"{INBOX}/drafts", "draft", status=201, body=MAIL),
    Route("GET", DRAFT, "read"),
    Route("PATCH", DRAFT, "draft", body={"subject": "Changed"}),
    Route("DELETE", DRAFT, "draft", status=204),
    Route("POST", f"{INBOX}/drafts/{{composing}}/submit", "draft"),
    Route("POST", f"{DRAFT}/withdraw", "draft"),
    # Held by review: the inbox has a person look at every draft.
    Route("POST", f"{DRAFT}/send", "send", status=202),
    Route("POST", f"{DRAFT}/attachments", "draft", status=201, body=FILE),
    Route("DELETE", f"{DRAFT}/attachments/{{file}}", "draft", status=204),
    Route("GET", f"{DRAFT}/revisions", "read"),
    Route("GET", f"{DRAFT}/decisions", "read"),
    Route("POST", f"{INBOX}/send", "send", status=202, body=MAIL),
    Route("POST", f"{INBOX}/reply/{{message}}", "send", status=202, body={"plainBody": "Hello"}),
    Route("POST", f"{INBOX}/reply-all/{{message}}", "send", status=202, body={"plainBody": "Hi"}),
    Route("POST", f"{INBOX}/forward/{{message}}", "send", status=202, body=TO),
    Route("POST", f"{MESSAGE}/forward", "send", status=202, body=TO),
    Route("POST", f"{MESSAGE}/reply", "send", status=202, body={"plainBody": "Hello"}),
    Route("POST", f"{MESSAGE}/reply-all", "send", status=202, body={"plainBody": "Hello"}),
]
