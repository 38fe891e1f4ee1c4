"""Hits over HTTP, on a real web process."""

import http.client
import signal
import time

import pytest

from inboxes.models import Message
from tests.events.listening import free_port, start_web
from tracking.models import Hit, TrackedLink, token_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def web(transactional_db, shared_web):
    return shared_web


def fetch(web, path: str, *, method: str = "GET", **fields: str):
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
    try:
        given = {"User-Agent": FIREFOX, **{n.replace("_", "-"): v for n, v in fields.items()}}
        connection.request(method, path, headers=given)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def recorded(count: int) -> list[Hit]:
    until = time.monotonic() + 30
    while Hit.objects.count() < count and time.monotonic() < until:
        time.sleep(0.05)
    return list(Hit.objects.order_by("at"))


def test_a_click_is_led_on_and_recorded(web, links):
    status, fields, body = fetch(web, f"/c/{links[1].token}", Host="track.acme.example")

    assert (status, fields["Location"], body) == (302, "https://shop.example/a?x=1&y=2", b"")
    assert "Set-Cookie" not in fields
    assert "no-store" in fields["Cache-Control"]
    (hit,) = recorded(1)
    assert (hit.kind, hit.grade, hit.network) == ("click", "human", "127.0.0.0/24")


def test_an_open_gets_a_picture_and_is_graded_by_its_agent(web, links):
    status, fields, body = fetch(web, f"/o/{links[0].token}.gif", User_Agent="Mozilla/5.0")

    assert (status, fields["Content-Type"], body[:6]) == (200, "image/gif", b"GIF89a")
    assert [(hit.kind, hit.grade) for hit in recorded(1)] == [("open", "proxy")]


def test_a_head_is_a_scanners(web, links):
    assert fetch(web, f"/c/{links[1].token}", method="HEAD")[0] == 302
    assert [hit.reason for hit in recorded(1)] == ["HEAD"]


def test_a_picture_nobody_sent_is_a_picture_all_the_same(web, links):
    """Nobody can try tokens out on it."""
    path = f"/o/{token_of(TrackedLink(position=0).pk)}.gif"

    assert fetch(web, path)[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/c/AAAAAAAAAAAAAAAAAAAAAA", "/c/", "/c/short", "/o/x.gif",
     "/c/AAAAAAAAAAAAAAAAAAAAAA?url=https://evil.example", "/c/https://evil.example"],
)  # fmt: skip
def test_what_leads_nowhere_redirects_nowhere(web, links, path):
    status, fields, _ = fetch(web, path)

    assert status == 404
    assert "Location" not in fields


def test_a_picture_is_no_link_and_what_is_gone_is_gone(web, links):
    assert fetch(web, f"/c/{links[0].token}")[0] == 404
    Message.objects.filter(pk=links[0].message_id).delete()
    assert fetch(web, f"/c/{links[1].token}")[0] == 404


def test_nothing_is_posted_here(web, links):
    assert fetch(web, f"/c/{links[1].token}", method="POST")[0] == 405


def test_everything_else_is_django_s(web):
    assert fetch(web, "/healthz")[0] == 200
    assert fetch(web, "/healthz", Host="track.acme.example")[0] == 400


def test_a_process_that_is_stopped_stores_what_it_has_answered(transactional_db, links):
    web = start_web(free_port())
    for _ in range(20):
        fetch(web, f"/o/{links[0].token}.gif")

    web.process.send_signal(signal.SIGTERM)

    web.process.wait(20)
    assert Hit.objects.count() == 20
