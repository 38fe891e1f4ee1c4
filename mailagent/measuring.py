"""What this web process counts of itself, for `/metrics`: requests, sockets, hits that wait."""

import time

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Gauge, Histogram

from events.keeper import open_sockets
from mailagent.middleware import GetResponse
from tracking.recorder import recorder

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

REQUESTS = Counter(
    "mailagent_http_requests", "Requests answered by this process.", ["method", "status"]
)
SECONDS = Histogram(
    "mailagent_http_request_seconds",
    "From a request to its answer, in this process.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
SOCKETS = Gauge("mailagent_websockets", "WebSockets open in this process.")
SOCKETS.set_function(open_sockets)
HITS_WAITING = Gauge(
    "mailagent_hits_waiting", "Opens and clicks that this process has answered and not stored."
)
HITS_WAITING.set_function(lambda: recorder.waiting)
HITS_LOST = Gauge(
    "mailagent_hits_lost", "Opens and clicks that this process could not keep, since its start."
)
HITS_LOST.set_function(lambda: recorder.lost)


class MeasuringMiddleware:
    """Counts requests by method and status, and times them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        SECONDS.observe(time.perf_counter() - started)
        # Whatever strangers send as a method is one label.
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, response.status_code).inc()
        return response
