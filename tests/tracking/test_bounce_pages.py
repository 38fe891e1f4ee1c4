"""A reviewer sees what came back, in the server's words."""

from django.test import Client

from tests.tracking.reports_of import dsn
from tests.tracking.returned import come_back, left, signed

ANN = "ann@customer.example"


def test_timeline_and_outbox_show_the_servers_words_escaped(inbox, alice):
    message = left(inbox, ANN)
    words = "550 5.1.1 <script>alert(1)</script> No such user"
    come_back(dsn(ANN, words=words), signed(message))
    browser = Client()
    browser.force_login(alice)

    for path in (f"/messages/{message.pk}", "/outbox"):
        page = browser.get(path).content.decode()
        assert "No such user" in page
        assert "<script>alert" not in page

    assert "mailbox unknown" in browser.get(f"/messages/{message.pk}").content.decode()
