"""/metrics: who may read it, and that it tells what is so."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from inboxes.models import Arrival
from outbound.models import Delivery, DeliveryAttempt
from tests.pages.proposals import approve, propose


@pytest.fixture
def client(db) -> Client:
    return Client()


def figures(client: Client, **fields: str) -> dict[tuple[str, ...], float]:
    """Samples by name and the values of their labels."""
    response = client.get("/metrics", **fields)
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_queue_is_told_with_its_age(client, inbox, alice):
    propose(inbox, 1)
    approve(propose(inbox, 2), alice)
    Delivery.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=5))
    Arrival.objects.update(at=timezone.now())

    told = figures(client)

    assert told["mailagent_drafts_waiting",] == 1
    assert told["mailagent_deliveries_unsettled", "queued"] == 1
    assert 299 < told["mailagent_loop_lag_seconds", "deliveries"] < 400
    assert told["mailagent_loop_lag_seconds", "hits"] == 0
    assert told["mailagent_arrivals_last_hour",] == 2
    assert told["mailagent_database_up",] == 1
    assert told["mailagent_events_total",] > 0


def test_deliveries_are_told_by_outcome_and_attempts_by_duration(client, inbox, alice):
    approve(propose(inbox), alice)
    now = timezone.now()
    Delivery.objects.update(status="sent", settled_at=now)
    DeliveryAttempt.objects.create(
        delivery=Delivery.objects.get(),
        number=1,
        started_at=now - timedelta(seconds=2),
        ended_at=now,
        outcome="sent",
    )

    told = figures(client)

    assert told["mailagent_deliveries_settled_last_hour", "sent"] == 1
    assert told["mailagent_attempt_seconds", "sent", "0.99"] == pytest.approx(2)


def test_requests_of_this_process_are_counted_and_a_made_up_method_makes_no_series(client):
    before = figures(client).get(("mailagent_http_requests_total", "GET", "404"), 0)
    client.get("/nowhere")
    client.generic("BREW", "/nowhere")

    told = figures(client)

    assert told["mailagent_http_requests_total", "GET", "404"] == before + 1
    assert not any("BREW" in name for name in told)


@pytest.mark.parametrize(
    "fields",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_without_a_token_only_this_machine_may_read_it(client, fields):
    assert client.get("/metrics", **fields).status_code == 404


@pytest.mark.parametrize(
    ("given", "status"), [("Bearer a-token", 200), ("Bearer another", 404), ("", 404), ("é", 404)]
)
def test_a_token_lets_in_from_everywhere_and_nothing_else_does(client, settings, given, status):
    settings.METRICS_TOKEN = "a-token"

    fields = {"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": given}
    assert client.get("/metrics", **fields).status_code == status


def test_no_address_and_no_subject_is_told(client, inbox):
    propose(inbox)

    body = client.get("/metrics").content

    assert b"acme.example" not in body
    assert b"printer" not in body
