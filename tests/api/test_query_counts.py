"""How many queries each operation makes: few, and as many for one thing as for twenty."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drafts import review
from drafts.models import Draft
from events.log import emit
from events.models import EventType
from events.webhooks import managing
from events.webhooks.models import Webhook
from inboxes.models import Inbox, Message, Thread
from outbound.suppression import Reason, suppress
from tests.api.conftest import Client, make_message, make_thread
from tests.api.routes import ROUTES, Route
from tests.api.test_tenants import call, made_key, name_of, things

USED = 'UPDATE "accounts_apikey" SET "last_used_at"'
MOST_TO_READ = 8
MOST_TO_WRITE = 40
MANY = 20
GUARDED = [route for route in ROUTES if route.deed != "public"]


def multiply(inbox: Inbox, named: dict[str, Any]) -> None:
    """Twenty of what there was one of."""
    workspace = inbox.workspace
    thread = Thread.objects.get(pk=named["thread"])
    draft = Draft.objects.get(pk=named["draft"])
    webhook = Webhook.objects.get(pk=named["webhook"])
    listed = inbox.lists.get(pk=named["list"])
    for n in range(MANY):
        make_message(thread)
        message = make_message(make_thread(inbox))
        review.create(inbox, by="test", reply_to_message=message, plain_body=f"Answer {n}")
        emit(
            EventType.MESSAGE_RECEIVED,
            workspace_id=workspace.pk,
            inbox_id=inbox.pk,
            message_id=message.pk,
            thread_id=message.thread_id,
            payload={},
        )
        listed.entries.create(address=f"tess{n}@customer.example")
        inbox.lists.create(name=f"List {n}")
        inbox.addresses.create(address=f"more{n}@{inbox.domain.name}")
        workspace.domains.create(name=f"more{n}.localhost")
        suppress(workspace, f"eve{n}@customer.example", Reason(), by="test")
        for kind in ("ak", "wk"):
            made_key(kind, inbox)
        managing.send_test(webhook)
    for n in range(MANY):
        review.revise(draft, by=draft.created_by, changes={"subject": f"Subject {n}"}, version=None)
    Webhook.objects.bulk_create(
        Webhook(workspace_id=workspace.pk, inbox_id=inbox.pk, url="https://1.1.1.1/", events=[])
        for _ in range(MANY)
    )
    newest = timezone.now() + timedelta(seconds=1)
    Message.objects.filter(pk=named["message"]).update(created_at=newest)


def queries_of(client: Client, route: Route, named: dict[str, Any]) -> int:
    """How many statements read or wrote something; what was done is undone."""
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        answer = call(client, route, named)
        transaction.set_rollback(True)
    assert answer.status_code == route.status, (name_of(route), answer.content)
    # That a key was used is written once a minute, whatever it asks for; undone here each time.
    uncounted = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", USED)
    return sum(not str(each["sql"]).startswith(uncounted) for each in captured.captured_queries)


@pytest.fixture
def counted(inbox: Inbox, key: str) -> dict[str, tuple[int, int]]:
    """For each operation: the queries with one thing of each kind, and with twenty more."""
    named = things(inbox)
    clients = {kind: Client(made_key(kind, inbox)[1]) for kind in ("wk", "tk")}
    clients["ak"] = Client(key)  # whose draft it is
    few = {name_of(each): queries_of(clients[each.by], each, named) for each in GUARDED}
    multiply(inbox, named)
    many = {name_of(each): queries_of(clients[each.by], each, named) for each in GUARDED}
    return {name: (few[name], many[name]) for name in few}


def test_queries_are_few_and_no_more_for_twenty_things_than_for_one(counted):
    growing = {name: each for name, each in counted.items() if each[1] > each[0]}
    reads = {name: many for name, (_, many) in counted.items() if name.startswith("GET ")}
    slow_reads = {name: many for name, many in reads.items() if many > MOST_TO_READ}
    slow_writes = {name: many for name, (_, many) in counted.items() if many > MOST_TO_WRITE}
    assert (growing, slow_reads, slow_writes) == ({}, {}, {})
