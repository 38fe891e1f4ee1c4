"""Schemathesis over every operation of the OpenAPI document, as each kind of key: all its checks,
in this process, against the real application and PostgreSQL.

Everything stands in one transaction, and each request in a savepoint that is rolled back: what a
request needs is there whatever came before, and nothing that it queues is ever sent.

    CONTRACT_EXAMPLES=300 python3 manage.py test tests/api/test_contract.py

makes so many requests for each operation and key, other ones in each run, instead of a few that
are always the same.
"""

import json
import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, transaction
from drf_spectacular.renderers import OpenApiJsonRenderer
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from inboxes.models import Inbox
from inboxes.opening import open_inbox
from mailagent.openapi import document
from tests.api.conftest import make_message, make_thread
from tests.api.test_tenants import made_key, things
from tests.conftest import make_workspace
from tests.dns_server import DnsServer

pytestmark = pytest.mark.django_db

DEEP = os.environ.get("CONTRACT_EXAMPLES")
GENERATION = {
    "max-examples": int(DEEP or 4),
    "deterministic": not DEEP,
    "no-shrink": True,
    # Without keys, and with wrong ones, is test_tenants' matrix, and `ignored_auth` here.
    "with-security-parameters": False,
    # U+0000 is refused everywhere, as PostgreSQL does; JSON Schema's patterns would have to say so
    # of every string, also of names within `metadata`.
    "allow-x00": False,
}
# Of what the document allows, a value of these is refused all the same, with 400 and its name:
# what it takes cannot be said in JSON Schema.
BEYOND_SCHEMA = {
    **dict.fromkeys(("to", "cc", "bcc", "replyTo"), "mailboxes: a grammar (RFC 5322)"),
    **dict.fromkeys(("address", "addresses", "from", "participant"), "the same"),
    **dict.fromkeys(("cursor", "after"), "a word of ours, with a checksum"),
    **dict.fromkeys(("sendAt", "expiresAt"), "has to lie ahead, and not too far"),
    **dict.fromkeys(("since", "until"), "a moment that the calendar has"),
    "offset": "not together with a cursor",
    "url": "looked up: has to lead to public addresses",
    "domain": "below a public suffix (publicsuffix.org)",
    "workspaceId": "of a workspace in reach",
    "workspace": "of a workspace in reach",
    "headers": "names that are allowed, values that a header can hold",
    "attachments": "types and names that a header can hold, octets in base64",
    "content": "octets in base64",
    **dict.fromkeys(("filename", "contentType", "contentId"), "what a MIME header can hold"),
    "threadIds": "not the thread itself",
    "threadId": "a thread that was merged",
    "fromMessageId": "not the first of the thread",
    "permissions": "none that the calling key lacks",
    "username": "not one of those that RFC 2142 keeps",
    "inboxId": "a tk_ key has to say whose events",
    "types": "event types with commas between them",
    **dict.fromkeys(("agent", "prompt", "metadata"), "in a form: JSON"),
}
# Longer texts than this are not made up: requests of megabytes would take most of the time.
MOST_LETTERS = 10_000
# Rows that the ids of paths and bodies name, by the name of the parameter or the field.
ROWS = {
    **{f"{name}_id": name for name in ("inbox", "draft", "message", "thread", "webhook", "list")},
    **{f"{name}_id": name for name in ("delivery", "workspace", "attachment", "file")},
    "domain": "domain",
    "replyToMessageId": "message",
    "fromMessageId": "second",
    "threadId": "thread",
    "inboxId": "inbox",
    "workspaceId": "workspace",
}
ADDRESSES = {"contacts": "someone", "entries": "entry", "suppressions": "suppressed"}


def without_long_texts(schema: dict[str, Any]) -> dict[str, Any]:
    limit = schema.get("maxLength")
    if isinstance(limit, int) and limit > MOST_LETTERS:
        del schema["maxLength"]
    return schema


def contract(*, with_each_value: bool) -> Any:
    """The document for Schemathesis; `with_each_value`: also each edge and each wrong type of
    every single value, which are some hundred requests for a large body."""
    loaded = schemathesis.openapi.from_dict(
        json.loads(OpenApiJsonRenderer().render(document()), object_hook=without_long_texts),
        config=SchemathesisConfig.from_dict(
            {
                # A loaded machine is slow, and hostile bodies are large.
                "suppress-health-check": ["all"],
                "generation": GENERATION,
                "phases": {"coverage": {"enabled": with_each_value}},
            }
        ),
    )
    loaded.app = get_wsgi_application()
    return loaded


WHOLE = contract(with_each_value=True)
SAMPLED = contract(with_each_value=bool(DEEP))


@pytest.fixture(scope="module")
def dns() -> Iterator[DnsServer]:
    """Knows the host of the document's examples, and nothing else."""
    hosts = ("agent.example", "agent.example.com")
    server = DnsServer({(host, "A"): ["1.1.1.1"] for host in hosts})
    yield server
    server.close()


@pytest.fixture(scope="module")
def open_handed(dns: DnsServer) -> Iterator[None]:
    """No limit hides an answer, no question leaves this machine, no request ends the connection."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "DNS", dns.address)
        patch.setattr(settings, "RATE_LIMIT", 10**9)
        patch.setattr(settings, "WORKSPACE_RATE_LIMIT", 10**9)
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        yield
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def world(
    open_handed: None, django_db_setup: None, django_db_blocker: Any
) -> Iterator[dict[str, Any]]:
    """One of each kind of thing by name, and under `keys` each kind of key."""
    with django_db_blocker.unblock(), transaction.atomic():
        workspace, domain = make_workspace("Acme", "acme.example")
        inbox = open_inbox(workspace, domain, "support", by="test").inbox
        keys = {kind: made_key(kind, inbox)[1] for kind in ("tk", "wk", "ak")}
        keys["reader"] = made_key("ak", inbox, ["read"])[1]
        yield {**rows_of(inbox), "keys": keys}
        transaction.set_rollback(True)


def rows_of(inbox: Inbox) -> dict[str, Any]:
    named = things(inbox)
    thread = inbox.threads.get(pk=named["thread"])
    further = make_thread(inbox)
    make_message(further)
    return {**named, "second": make_message(thread).pk, "further": further.pk}


def point_at_rows(case: Any, world: dict[str, Any]) -> None:
    """Ids that are well formed become those of rows; what is wrong on purpose stays wrong."""
    parts = case.meta.components if case.meta else {}
    in_path = parts.get(ParameterLocation.PATH)
    if in_path is None or in_path.mode.is_positive:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = str(world[row_of(name, case.path)])
    in_body = parts.get(ParameterLocation.BODY)
    if in_body is not None and in_body.mode.is_positive and isinstance(case.body, dict):
        for name in case.body.keys() & ROWS.keys():
            if is_id(case.body[name]):
                case.body[name] = str(world[ROWS[name]])
        if case.body.get("threadIds"):
            case.body["threadIds"] = [str(world["further"])]


def row_of(name: str, path: str) -> str:
    if name == "key_id":
        return "workspace_key" if "/workspaces/" in path else "inbox_key"
    if name == "address":
        return next((row for part, row in ADDRESSES.items() if part in path), "address")
    return ROWS[name]


def is_id(value: Any) -> bool:
    try:
        return bool(UUID(value))
    except (ValueError, AttributeError, TypeError):
        return False


def leave_out_precondition(case: Any) -> None:
    """Where Schemathesis has nothing to say of `If-Match` it sends one that is wrong, which would
    be all that is ever refused."""
    told = case.meta.phase.data if case.meta else None
    if (
        getattr(told, "parameter", None) != "If-Match"
        and (case.headers or {}).get("If-Match") == "0"
    ):
        del case.headers["If-Match"]


def is_beyond_schema(response: Any) -> bool:
    """True where everything that is refused is a value that no schema describes."""
    if response.status_code != 400:
        return False
    # Files of a form that are named `cid:…` come from Schemathesis as text.
    refused = {name for name in response.json()["details"] if not name.startswith("cid:")}
    return refused <= BEYOND_SCHEMA.keys()


def not_asked_of(case: Any, response: Any) -> list[Any]:
    """The checks that cannot hold for this request."""
    left_out = []
    parts = case.meta.components.values() if case.meta else ()
    # A positive case with a part that is wrong on purpose is none.
    if is_beyond_schema(response) or any(not part.mode.is_positive for part in parts):
        left_out.append(CHECKS.get_one("positive_data_acceptance"))
    # A form is text: what is of a wrong type as a value may be right as it arrives, or not arrive.
    if (case.media_type or "").startswith("multipart/"):
        left_out.append(CHECKS.get_one("negative_data_rejection"))
    return left_out


def ask(case: Any, key: str, world: dict[str, Any]) -> None:
    """Send the request and judge its answer, then undo what it did."""
    point_at_rows(case, world)
    leave_out_precondition(case)
    headers = {"X-API-Key": key}
    with transaction.atomic():
        response = case.call(headers=headers)
        connection.check_constraints()  # as a commit would
        case.validate_response(
            response,
            headers=headers,
            excluded_checks=not_asked_of(case, response),
            transport_kwargs={"headers": headers},
        )
        transaction.set_rollback(True)
    if response.status_code < 400:
        assert "ratelimit-remaining" in response.headers


@WHOLE.parametrize()
def test_every_answer_is_one_that_the_document_promises(case: Any, world: dict[str, Any]) -> None:
    ask(case, world["keys"]["tk"], world)


@pytest.mark.parametrize("kind", ["wk", "ak", "reader"])
@SAMPLED.parametrize()
def test_every_kind_of_key_gets_answers_of_the_document(
    case: Any, kind: str, world: dict[str, Any]
) -> None:
    ask(case, world["keys"][kind], world)
