"""A message that was sent from an inbox that counts opens and clicks."""

from collections.abc import Callable, Iterator

import pytest

from inboxes.models import Inbox, Message
from outbound import configuring
from tests.events.listening import Web, free_port, start_web, stop_web
from tests.outbound.provider_api import SETTINGS
from tests.pages.proposals import approve, propose
from tracking.models import TrackedLink

HTML = (
    "<p>See <a href='https://shop.example/a?x=1&amp;y=2'>A</a>, "
    '<a href="https://shop.example/b">B</a> or <a href="mailto:ann@customer.example">write</a>.</p>'
)

Sent = Callable[..., Message]


@pytest.fixture
def sent(inbox, alice) -> Sent:
    """Approves an answer; `opens` and `clicks` say what its inbox counts."""

    def send(*, opens: bool = True, clicks: bool = True, **given: str) -> Message:
        Inbox.objects.filter(pk=inbox.pk).update(track_opens=opens, track_clicks=clicks)
        inbox.refresh_from_db()
        number = Message.objects.count() + 1
        draft = approve(propose(inbox, number, **{"html_body": HTML, **given}), alice)
        return Message.objects.select_related("raw_record").get(draft=draft)

    return send


@pytest.fixture
def links(sent) -> list[TrackedLink]:
    """The picture and both links of a message."""
    return list(TrackedLink.objects.filter(message=sent()).order_by("position"))


@pytest.fixture(scope="module")
def shared_web(django_db_setup: None) -> Iterator[Web]:
    web = start_web(free_port())
    yield web
    stop_web(web)


@pytest.fixture
def hooked(inbox):
    """Gives the inbox's domain a provider; answers its row and the paths of its hooks."""

    def make(kind: str, **more: str):
        given = {**SETTINGS[kind], **more}
        row = configuring.configure(inbox.domain, kind, given, by="test")
        urls = configuring.webhook_urls(row)
        paths = {url.rpartition("/")[2]: "/hooks/" + url.partition("/hooks/")[2] for url in urls}
        return row, paths

    return make
