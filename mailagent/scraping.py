"""GET /metrics for Prometheus. What all processes share is read from PostgreSQL when it is asked
for; what is a process's own it counts itself, and each web process is to be scraped by itself."""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_HOUR = "clock_timestamp() - interval '1 hour'"
_AGE = "coalesce(greatest(extract(epoch FROM clock_timestamp() - min({})), 0), 0)"
_LATEST_ATTEMPTS = 1_000
_QUANTILES = (0.5, 0.9, 0.99)

DATABASE_UP = Gauge(
    "mailagent_database_up", "1 while PostgreSQL answers; else the figures of all are left out."
)

Rows = list[tuple[object, ...]]


def _rows(query: str) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _gauge(name: str, says: str, labels: list[str], rows: Rows) -> Metric:
    """One sample for each row: its labels, then its value."""
    family = GaugeMetricFamily(name, says, labels=labels)
    for *found, value in rows:
        family.add_metric([str(each) for each in found], float(str(value)))
    return family


class Shared(Collector):
    """Of the whole installation. Each query reads an index, or the newest rows only."""

    def collect(self) -> Iterator[Metric]:
        yield from _queue()
        yield from _traffic()
        yield from _attempts()
        yield _lags()


def _queue() -> Iterator[Metric]:
    yield _gauge(
        "mailagent_deliveries_unsettled",
        "Deliveries on their way, by state.",
        ["status"],
        _rows(
            "SELECT status, count(*) FROM outbound_delivery WHERE status IN "
            "('queued', 'deferred', 'sending', 'uncertain') GROUP BY status"
        ),
    )
    yield _gauge(
        "mailagent_drafts_waiting",
        "Drafts that wait for a person.",
        [],
        _rows("SELECT count(*) FROM drafts_draft WHERE status = 'pending'"),
    )
    yield _gauge(
        "mailagent_drafts_waiting_seconds",
        "How long the oldest of them has waited.",
        [],
        _rows(
            f"SELECT {_AGE.format('created_at')} FROM drafts_draft "  # noqa: S608 - constants
            "WHERE status = 'pending'"
        ),
    )


def _traffic() -> Iterator[Metric]:
    yield _gauge(
        "mailagent_deliveries_settled_last_hour",
        "Deliveries settled within the last hour, by outcome.",
        ["status"],
        _rows(
            "SELECT status, count(*) FROM outbound_delivery "  # noqa: S608 - constants
            f"WHERE settled_at > {_HOUR} GROUP BY status"
        ),
    )
    arrivals = (
        "SELECT count(*), count(*) FILTER (WHERE cardinality(message.warnings) > 0) "  # noqa: S608
        "FROM inboxes_arrival arrival LEFT JOIN inboxes_message message "
        f"ON message.id = arrival.message_id WHERE arrival.at > {_HOUR}"
    )
    ((taken, warned),) = _rows(arrivals)
    yield _gauge("mailagent_arrivals_last_hour", "Messages taken.", [], [(taken,)])
    yield _gauge(
        "mailagent_parser_warnings_last_hour", "Those read with warnings.", [], [(warned,)]
    )
    ((events,),) = _rows("SELECT last_value FROM events_event_id_seq")
    yield CounterMetricFamily("mailagent_events", "Events ever told.", value=float(str(events)))


def _attempts() -> Iterator[Metric]:
    shares = ", ".join(map(str, _QUANTILES))
    rows = _rows(
        "SELECT outcome, percentile_cont(ARRAY[" + shares + "]) WITHIN GROUP (ORDER BY "  # noqa: S608
        "extract(epoch FROM ended_at - started_at)) FROM (SELECT * FROM "
        f"outbound_deliveryattempt ORDER BY id DESC LIMIT {_LATEST_ATTEMPTS}) latest "
        "GROUP BY outcome"
    )
    samples: Rows = []
    for outcome, quantiles in rows:
        assert isinstance(quantiles, list)  # noqa: S101 - an array in PostgreSQL
        samples += [
            (outcome, share, value) for share, value in zip(_QUANTILES, quantiles, strict=True)
        ]
    yield _gauge(
        "mailagent_attempt_seconds",
        f"How long attempts took, of the latest {_LATEST_ATTEMPTS}.",
        ["outcome", "quantile"],
        samples,
    )


_DUE = {
    "deliveries": (
        "outbound_delivery", "next_attempt_at", "status IN ('queued', 'deferred')",
    ),
    "domains": ("inboxes_domain", "next_check_at", "next_check_at IS NOT NULL"),
    "hits": ("tracking_hit", "at", "NOT told"),
    "webhooks": ("events_webhookdelivery", "next_attempt_at", "status = 'pending'"),
}  # fmt: skip


def _lags() -> Metric:
    """How late each loop is: the age of the oldest thing that is due and not done."""
    rows: Rows = []
    for loop, (table, column, condition) in _DUE.items():
        ((age,),) = _rows(
            f"SELECT {_AGE.format(column)} FROM {table} "  # noqa: S608 - constants
            f"WHERE {condition} AND {column} <= clock_timestamp()"
        )
        rows.append((loop, age))
    return _gauge(
        "mailagent_loop_lag_seconds", "How long the oldest due thing has waited.", ["loop"], rows
    )


def may_scrape(request: HttpRequest) -> bool:
    """The token of the settings; without one, who asks from this machine and through no proxy."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """GET /metrics; 404 for who may not. The process's own figures also when PostgreSQL is away."""
    if not may_scrape(request):
        return HttpResponse("Not found.\n", status=404, content_type="text/plain")
    shared = CollectorRegistry(auto_describe=False)
    shared.register(Shared())
    try:
        installation, reachable = generate_latest(shared), 1
    except Error:
        installation, reachable = b"", 0
    DATABASE_UP.set(reachable)
    return HttpResponse(generate_latest(REGISTRY) + installation, content_type=CONTENT_TYPE_LATEST)
