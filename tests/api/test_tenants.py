"""Every route of the API against every kind of caller who must not get through."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey
from drafts import review
from events.webhooks import managing
from inboxes.models import Inbox
from inboxes.opening import open_inbox
from outbound.compose import OutgoingFile
from outbound.suppression import Reason, suppress
from tests.api.conftest import Client, make_message, make_thread
from tests.api.routes import ROUTES, Route
from tests.conftest import EVERY_PERMISSION, make_key

METHODS = ("get", "post", "put", "patch", "delete")
GUARDED = [route for route in ROUTES if route.deed != "public"]
BY_PERMISSION = [route for route in GUARDED if route.deed is not None]
ABOUT_ONE = [route for route in GUARDED if not route.is_list and "{" in route.path]
WITH_STRANGERS = [route for route in ABOUT_ONE if route.by != "tk"]
ABOUT_AN_INBOX = [
    route for route in ABOUT_ONE if "{inbox}" in route.path or "{draft}" in route.path
]
WITHIN_INBOX = [
    route
    for route in ABOUT_ONE
    if route.path.startswith("inboxes/{inbox}/") and route.path.count("{") > 1
]


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def things(inbox: Inbox) -> dict[str, Any]:
    """One of each kind of thing in that inbox, by its name in the table's paths."""
    thread = make_thread(inbox)
    message = make_message(thread)
    named_list = inbox.lists.create(name="Testers")
    named = {
        "someone": "ann@customer.example",
        "workspace": inbox.workspace_id,
        "workspace_key": made_key("wk", inbox)[0].pk,
        "domain": inbox.workspace.domains.create(name="things.localhost").name,
        "inbox": inbox.pk,
        "inbox_key": made_key("ak", inbox)[0].pk,
        "address": inbox.addresses.create(address=f"info@{inbox.domain.name}").address,
        "suppressed": suppress(
            inbox.workspace, "eve@customer.example", Reason(), by="test"
        ).address,
        "list": named_list.pk,
        "entry": named_list.entries.create(address="tess@customer.example").address,
        "thread": thread.pk,
        "message": message.pk,
        "attachment": message.attachments.get().pk,
    }
    return named | drafted(inbox, message) | hooked(inbox)


def hooked(inbox: Inbox) -> dict[str, Any]:
    """A webhook of that inbox, and a delivery of it."""
    webhook = managing.create(
        inbox.workspace_id,
        inbox_id=inbox.pk,
        url="https://1.1.1.1/hook",
        events=["message.received"],
        ordered=False,
        by="test",
    ).webhook
    return {"webhook": webhook.pk, "delivery": managing.send_test(webhook).delivery_id}


def drafted(inbox: Inbox, message: Any) -> dict[str, Any]:
    """A pending draft with a file, and one that is still being composed, by the inbox's key."""
    key = ApiKey.objects.filter(inbox_id=inbox.pk).first()
    by = key.actor if key else "test"
    file = OutgoingFile("a.txt", "text/plain", b"hello")
    draft = review.create(inbox, by=by, reply_to_message=message, plain_body="Hello", files=[file])
    composing = review.create(inbox, by=by, plain_body="Hello", submit=False)
    assert draft.revision is not None
    return {"draft": draft.pk, "composing": composing.pk, "file": draft.revision.file_ids[0]}


def made_key(kind: str, inbox: Inbox, permissions: list[str] | None = None) -> tuple[ApiKey, str]:
    """A key of that kind which reaches the inbox, and how it is presented."""
    return keys.issue(
        ApiKey.Kind(kind),
        workspace=None if kind == "tk" else inbox.workspace,
        inbox_id=inbox.pk if kind == "ak" else None,
        name="agent",
        permissions=EVERY_PERMISSION if permissions is None else permissions,
        created_by="test",
    )


def call(client: Client, route: Route, named: dict[str, Any]) -> Any:
    send = getattr(client, route.method.lower())
    body = {} if route.method == "GET" else {"data": route.body or {}}
    return send(f"/v1/{route.path.format(**named)}", **body)


def listed_routes() -> set[tuple[str, str]]:
    """(method, path) of all that stands under /v1/, with converters as `{}`."""
    found = set()

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and path.startswith("v1/"):
                view = getattr(pattern.callback, "view_class", None)
                if view is None:  # a plain page, for everybody
                    found.add(("GET", _shape(path.removeprefix("v1/"))))
                    continue
                found.update(
                    (method.upper(), _shape(path.removeprefix("v1/")))
                    for method in METHODS
                    if method in view.http_method_names and hasattr(view, method)
                )

    walk(get_resolver().url_patterns, "")
    return found


def _shape(path: str) -> str:
    """The path with each variable as `{}`."""
    return "/".join("{}" if part[:1] in ("<", "{") else part for part in path.split("/"))


def test_every_route_stands_in_the_table():
    told = {(route.method, _shape(route.path)) for route in ROUTES}
    assert listed_routes() == told


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_without_a_key_is_refused(inbox, route):
    assert refusal(call(Client(), route, things(inbox))) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_a_revoked_key_is_refused(inbox, key, route):
    ApiKey.objects.update(revoked_at=timezone.now())
    assert refusal(call(Client(key), route, things(inbox))) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_an_expired_key_is_refused(inbox, key, route):
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refusal(call(Client(key), route, things(inbox))) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("route", BY_PERMISSION, ids=name_of)
def test_a_key_without_the_permission_is_told_which(inbox, route):
    others = [each for each in EVERY_PERMISSION if each != route.deed]
    _, shown = made_key(route.by, inbox, others)
    response = call(Client(shown), route, things(inbox))
    assert refusal(response) == (403, "PERMISSION_DENIED")
    assert response.json()["details"] == {"permission": route.deed}


@pytest.mark.parametrize("route", WITH_STRANGERS, ids=name_of)
def test_a_stranger_finds_nothing(inbox, strange_inbox, route):
    _, strange_key = made_key(route.by, strange_inbox)
    response = call(Client(strange_key), route, things(inbox))
    assert refusal(response) == (404, "NOT_FOUND")
    assert response.json() == Client(strange_key).get("/v1/no-such-thing").json()


@pytest.mark.parametrize("route", [r for r in ABOUT_ONE if r.by != "ak"], ids=name_of)
def test_what_is_the_workspace_s_is_not_there_for_the_key_of_an_inbox(inbox, key, route):
    assert refusal(call(Client(key), route, things(inbox))) == (404, "NOT_FOUND")


@pytest.mark.parametrize("route", WITHIN_INBOX, ids=name_of)
def test_a_stranger_finds_nothing_by_way_of_their_own_inbox(
    inbox, strange_inbox, strange_key, route
):
    mixed = things(inbox) | {"inbox": strange_inbox.pk}
    assert refusal(call(Client(strange_key), route, mixed)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("route", ABOUT_ONE, ids=name_of)
def test_the_key_of_another_inbox_of_the_workspace_finds_nothing(inbox, workspace, route):
    other = open_inbox(workspace, workspace.domains.get(), "sales", by="test").inbox
    assert refusal(call(Client(make_key(other)), route, things(inbox))) == (404, "NOT_FOUND")


@pytest.mark.parametrize("route", [r for r in ABOUT_AN_INBOX if not r.for_deleted], ids=name_of)
def test_a_deleted_inbox_is_not_there(inbox, key, route):
    named = things(inbox)
    Inbox.objects.filter(pk=inbox.pk).update(deleted_at=timezone.now())
    assert refusal(call(Client(key), route, named)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("route", [r for r in GUARDED if r.is_list], ids=name_of)
def test_a_list_shows_a_stranger_nothing_of_ours(inbox, strange_inbox, route):
    named = things(inbox)
    asked_for = named.pop("someone")
    _, strange_key = made_key(route.by, strange_inbox)
    response = call(Client(strange_key), route, named | {"someone": asked_for})
    assert response.status_code == 200
    assert not [one for one in named.values() if str(one) in response.content.decode()]


@pytest.mark.parametrize("route", [r for r in GUARDED if r.is_list and r.by == "ak"], ids=name_of)
def test_a_list_shows_the_key_of_another_inbox_nothing_of_ours(inbox, workspace, route):
    named = things(inbox)
    other = open_inbox(workspace, workspace.domains.get(name="acme.example"), "sales", by="test")
    response = call(Client(make_key(other.inbox)), route, named)
    assert response.status_code == 200
    shared = {"someone", "workspace", "domain", "suppressed"}  # what both inboxes have
    ours = [str(one) for name, one in named.items() if name not in shared]
    assert not [one for one in ours if one in response.content.decode()]


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_the_owner_gets_through(inbox, key, route):
    presented = key if route.by == "ak" else made_key(route.by, inbox)[1]
    assert call(Client(presented), route, things(inbox)).status_code == route.status


def refusal(response: Any) -> tuple[int, str]:
    """Status and code; what is no refusal of ours fails here."""
    told = response.json()
    assert set(told) == {"error", "code", "details"}
    return response.status_code, told["code"]
