from email import message_from_bytes, policy

import pytest

from inboxes.models import Inbox, Message
from outbound.domains import plan_of
from tests.tracking.conftest import HTML
from tracking.links import hrefs
from tracking.marking import base_url, without_tokens
from tracking.models import TrackedLink, token_of


def html_of(message) -> str:
    parsed = message_from_bytes(bytes(message.raw_record.octets), policy=policy.default)
    return parsed.get_body(("html",)).get_content()


def text_of(message) -> str:
    parsed = message_from_bytes(bytes(message.raw_record.octets), policy=policy.default)
    return parsed.get_body(("plain",)).get_content()


def test_mail_of_an_inbox_that_counts_nothing_leaves_as_written(sent):
    message = sent(opens=False, clicks=False)

    assert HTML in html_of(message)
    assert not TrackedLink.objects.exists()


def test_what_leaves_holds_tokens_only_and_the_targets_are_stored(sent, settings):
    message = sent()

    stored = TrackedLink.objects.filter(message=message).order_by("position")
    picture, *links = stored
    assert [link.target for link in links] == [
        "https://shop.example/a?x=1&y=2",
        "https://shop.example/b",
    ]
    base = settings.BASE_URL
    expected = [f"{base}/c/{token_of(link.pk)}" for link in links]
    assert [link.value for link in hrefs(html_of(message))] == [
        *expected,
        "mailto:ann@customer.example",
    ]
    assert f'<img src="{base}/o/{picture.token}.gif"' in html_of(message)
    assert "shop.example" not in html_of(message)


def test_the_text_part_is_left_alone(sent):
    written = "See https://shop.example/b"

    assert text_of(sent(plain_body=written)).strip() == written
    assert text_of(sent(plain_body="")).count("https://shop.example/") == 2


@pytest.mark.parametrize(
    ("opens", "clicks", "positions"), [(True, False, [0]), (False, True, [1, 2])]
)
def test_each_is_turned_on_by_itself(sent, opens, clicks, positions):
    sent(opens=opens, clicks=clicks)

    found = TrackedLink.objects.order_by("position").values_list("position", flat=True)
    assert list(found) == positions


def test_tokens_go_with_their_message(links):
    links[0].message.delete()

    assert not TrackedLink.objects.exists()


def test_the_domains_own_host_is_used_once_the_dns_has_shown_it(inbox, settings):
    settings.BASE_URL = "https://mail.acme.example:8443"
    domain = inbox.domain
    plan = plan_of(domain)

    assert base_url(inbox) == "https://mail.acme.example:8443"
    domain.dns_answers = {"CNAME track.acme.example": [plan.web_host]}
    domain.save()

    assert base_url(Inbox.objects.get(pk=inbox.pk)) == "https://track.acme.example:8443"


def test_our_own_people_are_led_past_the_counting(sent, strange_inbox):
    message = sent()

    shown = without_tokens(Message.objects.get(pk=message.pk))
    assert [link.value for link in hrefs(shown)] == [link.value for link in hrefs(HTML)]
    assert "/o/" not in shown

    quoted = Message(inbox=message.inbox, html_body=html_of(message))
    assert [link.value for link in hrefs(without_tokens(quoted))] == [
        link.value for link in hrefs(HTML)
    ]
    elsewhere = Message(inbox=strange_inbox, html_body=html_of(message))
    assert without_tokens(elsewhere) == html_of(message)
