"""Remote pictures: only when asked for, only through us, and from nowhere private."""

import re
from collections.abc import Iterator

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from drafts import pictures
from inboxes.models import Message
from tests.pages.picture_host import Host

GIF = b"GIF89a" + bytes(37)


@pytest.fixture
def host(settings) -> Iterator[Host]:
    """Its loopback address counts as public."""
    settings.PICTURES_ALLOW = ["127.0.0.1/32"]
    made = Host()
    yield made
    made.close()


def fetch(url: str):
    return Client().get(reverse("picture", args=[pictures.token_of(url)]))


@pytest.fixture
def framed(draft, host) -> Message:
    """A customer's mail with a remote picture."""
    message = draft.reply_to_message
    Message.objects.filter(pk=message.pk).update(
        html_body=f'<p>Hi</p><img src="{host.url}/a.gif?b=1&amp;c=2"><img src="http://10.0.0.1/x">'
    )
    host.answers["/a.gif?b=1&c=2"] = (200, {"Content-Type": "text/html"}, GIF)
    return message


def test_nothing_is_loaded_until_it_is_asked_for(page, framed, host):
    body = page.get(reverse("message-body", args=[framed.pk]))

    assert b"<img" not in body.content or b"src=" not in body.content
    assert "img-src data:;" in body["Content-Security-Policy"]
    assert host.asked == []


def test_a_reader_who_asks_gets_pictures_through_us_without_a_cookie(page, framed, host):
    body = page.get(reverse("message-body", args=[framed.pk]), {"pictures": "1"})
    first, second = re.findall(rb'src="http://testserver(/pictures/[^"]+)"', body.content)

    assert "img-src data: http://testserver/pictures/;" in body["Content-Security-Policy"]
    assert host.url.encode() not in body.content
    shown = Client().get(first.decode())
    assert (shown.status_code, shown["Content-Type"], shown.content) == (200, "image/gif", GIF)
    ((path, fields),) = host.asked
    assert path == "/a.gif?b=1&c=2"
    assert not {"Cookie", "Referer", "Authorization"} & set(fields)
    assert Client().get(second.decode()).status_code == 404


def test_the_page_offers_pictures_only_where_there_are_some(page, framed, draft):
    address = reverse("message", args=[framed.pk])
    assert b"Show pictures" in page.get(address).content

    Message.objects.filter(pk=framed.pk).update(html_body="<p>Hi</p>")
    assert b"Show pictures" not in page.get(address).content


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/x", "http://169.254.169.254/latest", "http://[::1]/x", "http://10.0.0.1/",
     "file:///etc/passwd", "http://user:pw@example.com/", "http://localhost:22/", "javascript:1"],
)  # fmt: skip
def test_nothing_private_is_reached(db, url):
    assert fetch(url).status_code == 404


def test_a_redirect_is_checked_like_the_first_address(db, host):
    host.answers["/in"] = (302, {"Location": "http://169.254.169.254/x"}, b"")
    host.answers["/round"] = (302, {"Location": "/round"}, b"")
    host.answers["/good"] = (302, {"Location": "/a.gif"}, b"")
    host.answers["/a.gif"] = (200, {}, GIF)

    assert fetch(f"{host.url}/in").status_code == 404
    assert fetch(f"{host.url}/round").status_code == 404
    assert len([path for path, _ in host.asked if path == "/round"]) == pictures.MOST_HOPS
    assert fetch(f"{host.url}/good").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\x89PNG\r\n\x1a\n....", 200),
        (b"\xff\xd8\xff\xe0....", 200),
        (b"RIFF\0\0\0\0WEBPVP8 ", 200),
        (b"<svg onload=alert(1)>", 404),
        (b"<html><script>alert(1)</script>", 404),
        (b"", 404),
        (GIF + bytes(pictures.MOST_OCTETS), 404),
    ],
)
def test_only_pictures_of_a_size_are_handed_on(db, host, body, status):
    host.answers["/x"] = (200, {"Content-Type": "image/gif", "Set-Cookie": "a=b"}, body)

    response = fetch(f"{host.url}/x")

    assert response.status_code == status
    assert "Set-Cookie" not in response
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_an_address_that_we_did_not_sign_or_that_is_old_fetches_nothing(db, host, monkeypatch):
    forged = signing.dumps(f"{host.url}/x", salt="another")
    assert Client().get(reverse("picture", args=[forged])).status_code == 404

    monkeypatch.setattr(pictures, "SHOWN_FOR", -1)
    assert fetch(f"{host.url}/x").status_code == 404
    assert host.asked == []
