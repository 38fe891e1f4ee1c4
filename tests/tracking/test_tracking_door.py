"""Hits over HTTP, on a real web process."""

import asyncio
import http.client
import signal
import socket
import time

import pytest

from inboxes.models import Message
from tests.events.listening import free_port, start_web
from tracking.answering import GIF, Answering
from tracking.consumers import TrackingDoor
from tracking.hits import Seen
from tracking.models import Hit, TrackedLink, token_of
from tracking.recorder import recorder

TARGET = "https://shop.example/a"

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


def test_an_address_is_believed_from_a_proxy_of_ours_alone(web, links):
    fetch(web, f"/o/{links[0].token}.gif", X_Forwarded_For="198.51.100.7")

    assert [hit.network for hit in recorded(1)] == ["127.0.0.0/24"]


def test_hits_that_come_together_on_one_connection_are_answered_in_their_order(web, links):
    paths = [f"/c/{links[1].token}", f"/o/{links[0].token}.gif", "/c/short", "/healthz"]
    lines = [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x\r\n\r\n" for path in paths]
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as client:
        client.sendall("".join(lines).encode())
        answers = client.makefile("rb")
        statuses = []
        while len(statuses) < len(paths):
            line = answers.readline()
            if line.startswith(b"HTTP/1.1 ") or b"HTTP/1.1 " in line:
                statuses.append(line.rpartition(b"HTTP/1.1 ")[2][:3])

    assert statuses == [b"302", b"200", b"404", b"200"]


def test_a_thousand_hits_in_one_go_are_answered_and_recorded(web, links):
    line = f"GET /o/{links[0].token}.gif HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as client:
        client.sendall(
            line.encode() * 999 + line.replace("x\r", "x\r\nConnection: close\r").encode()
        )
        answers = client.makefile("rb").read()

    assert answers.count(b"HTTP/1.1 200 ") == 1000
    assert len(recorded(1000)) == 1000


def test_a_head_of_a_picture_has_its_length_and_no_octets(web, links):
    status, fields, body = fetch(web, f"/o/{links[0].token}.gif", method="HEAD")

    assert (status, fields["Content-Length"], body) == (200, str(len(GIF)), b"")


def test_a_link_written_with_escapes_is_the_same_link(web, links):
    token = links[1].token
    assert fetch(web, f"/c/%{ord(token[0]):02x}{token[1:]}")[0] == 302


async def asked_by_asgi(path: str) -> list[dict]:
    sent: list[dict] = []

    async def send(event: dict) -> None:
        sent.append(event)

    scope = {"type": "http", "method": "GET", "path": path, "client": ["127.0.0.1", 1]}
    door = TrackingDoor(None, Answering(lambda link_ids: dict.fromkeys(link_ids, TARGET)))
    await door({**scope, "headers": [(b"user-agent", FIREFOX.encode())]}, None, send)
    return sent


def test_another_asgi_server_gets_the_same_answer(monkeypatch):
    noted: list[Seen] = []
    monkeypatch.setattr(recorder, "note", noted.append)
    link_id = TrackedLink(position=1).pk

    start, body = asyncio.run(asked_by_asgi(f"/c/{token_of(link_id)}"))

    assert (start["status"], dict(start["headers"])[b"location"]) == (302, TARGET.encode())
    assert body["body"] == b""
    assert [(hit.link_id, hit.kind, hit.network) for hit in noted] == [
        (link_id, "click", "127.0.0.0/24")
    ]


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
