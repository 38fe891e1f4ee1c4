"""What people see instead of a page: a sentence and a way on, never Django's bare words."""

from django.contrib.auth import middleware
from django.db import OperationalError
from django.test import override_settings


@override_settings(ALLOWED_HOSTS=["mail.acme.example"])
def test_a_host_that_is_not_ours_gets_a_page_that_says_so(page):
    response = page.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert b"does not know the name in its address" in response.content
    assert b'href="/"' in response.content
    assert b"elsewhere.example" not in response.content


def test_a_database_that_is_away_is_told_and_asked_again_later(monkeypatch, page):
    def away(request):
        raise OperationalError("connection refused: host=secret.internal")

    monkeypatch.setattr(middleware, "get_user", away)
    page.raise_request_exception = False
    response = page.get("/")
    assert response.status_code == 503
    assert b"The database is away. Nothing was done" in response.content
    assert response["Content-Type"].startswith("text/html")
    assert int(response["Retry-After"]) > 0
    assert b"secret" not in response.content
