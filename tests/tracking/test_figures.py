"""Opens and clicks where people and agents look: figures, contacts, the message's timeline."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.scope import Scope
from events.models import Event, Webhook
from events.subscription import Subscription
from events.webhooks.feeding import wanted
from tests.api.conftest import Client
from tests.pages.conftest import signed_in
from tracking.grading import HUMAN, SWEPT, Grade
from tracking.hits import Seen, settle, store

PROXY = Grade("proxy", "Gmail")
HITS = ["message.opened", "message.clicked"]


def hit(link, grade: Grade = HUMAN, **ago: float) -> Seen:
    at = timezone.now() - timedelta(**ago or {"seconds": 10})
    return Seen(link.pk, "click" if link.target else "open", at, grade)


@pytest.fixture
def api(key) -> Client:
    return Client(key)


def test_figures_count_messages_that_people_opened(api, links):
    picture, a, b = links
    store([hit(picture), hit(picture), hit(picture, PROXY), hit(a, SWEPT), hit(b, SWEPT)])

    told = api.get("/v1/metrics").json()

    assert (told["opened"], told["clicked"]) == (1, 0)
    assert told["openedBy"] == {"human": 1, "proxy": 1, "scanner": 0}
    assert told["clickedBy"] == {"human": 0, "proxy": 0, "scanner": 1}


def test_figures_are_of_their_span_and_of_ones_own_inboxes(api, links, strange_key):
    store([hit(links[0], days=40)])

    assert api.get("/v1/metrics").json()["opened"] == 0
    store([hit(links[0])])
    assert api.get("/v1/metrics").json()["opened"] == 1
    assert Client(strange_key).get("/v1/metrics").json()["opened"] == 0


def test_a_contact_tells_how_often_people_opened_what_it_was_sent(api, links):
    address = links[0].message.recipients[0]

    assert api.get(f"/v1/contacts/{address}").json()["opens"] == 0
    store([hit(links[0]), hit(links[0]), hit(links[0], PROXY)])
    assert api.get(f"/v1/contacts/{address}").json()["opens"] == 2
    assert api.get("/v1/contacts/nobody@customer.example").json()["opens"] is None


def test_agents_hear_of_people_and_of_machines_when_they_ask(alice, links):
    store([hit(links[0], PROXY), hit(links[1])])
    settle()

    def told(asked: Subscription) -> list[tuple[str, str]]:
        events = Event.objects.filter(asked.where(Scope.of_user(alice)), type__in=HITS)
        assert all(asked.wants(event) for event in events)
        return [(event.type, event.payload["grade"]) for event in events.order_by("id")]

    person, machine = ("message.clicked", "human"), ("message.opened", "proxy")
    assert told(Subscription.asked({})) == [person]
    assert told(Subscription.asked({"include_machines": True})) == [machine, person]


def test_webhooks_are_told_of_people(links):
    store([hit(links[0], PROXY), hit(links[1])])
    settle()
    webhook = Webhook(workspace_id=links[0].message.inbox.workspace_id, events=HITS)

    events = Event.objects.filter(wanted(webhook))

    assert [event.type for event in events] == ["message.clicked"]


def test_a_messages_timeline_tells_who_opened_it_and_why_we_think_so(alice, links):
    store([hit(links[0], PROXY), hit(links[1])])

    page = signed_in(alice).get(reverse("message", args=[links[0].message_id])).content.decode()

    assert "Opened" in page
    assert "Gmail" in page
    assert "https://shop.example/a?x=1&amp;y=2" in page
