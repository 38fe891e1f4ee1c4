"""The reference at /v1/docs in a real browser: it is read, searched, and sends requests."""

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from drafts.models import Draft
from tests.browser.conftest import PATIENCE_MS, Seat, watch
from tests.browser.test_looks import SMALL_TARGETS, UNLABELLED

pytestmark = pytest.mark.browser


@pytest.fixture
def open_reference(chromium, web):
    """Open the page as somebody who is not signed in; nothing may complain in the end."""
    seats: list[Seat] = []

    def visit(**options) -> Page:
        context = chromium.new_context(base_url=web.http, **options)
        context.set_default_timeout(PATIENCE_MS)
        seat = Seat(context.new_page(), context)
        watch(seat, web)
        seats.append(seat)
        seat.page.goto("/v1/docs")
        return seat.page

    yield visit
    for seat in seats:
        seat.context.close()
    assert [one for seat in seats for one in seat.complaints if "status of 4" not in one] == []
    assert [one for seat in seats for one in seat.elsewhere] == []


def opened(page: Page, operation: str) -> Locator:
    """The form of an operation."""
    card = page.locator(f"#{operation}")
    card.get_by_text("Try it", exact=True).click()
    return card


def test_a_request_is_sent_with_the_key_that_was_typed_in(open_reference, inbox, key):
    page = open_reference()
    page.get_by_label("API key").fill(key)
    card = opened(page, "createDraft")
    card.get_by_label("inbox_id").fill(inbox.email)
    body = {"to": "ann@customer.example", "subject": "News", "plainBody": "Hello"}
    card.get_by_label("Body", exact=True).fill(json.dumps(body))
    card.get_by_role("button", name="Send").click()

    card.locator("[data-status]", has_text="201").wait_for()
    shown = json.loads(card.locator("[data-text]").inner_text())
    assert shown["id"] == str(Draft.objects.get().pk)
    assert shown["to"] == ["ann@customer.example"]


def test_a_refusal_is_shown_as_it_came(open_reference, inbox):
    page = open_reference()
    card = opened(page, "getMe")
    card.get_by_role("button", name="Send").click()

    card.locator("[data-status]", has_text="401").wait_for()
    assert json.loads(card.locator("[data-text]").inner_text())["code"] == "UNAUTHENTICATED"


def test_the_example_can_be_sent_as_it_is(open_reference, inbox, key):
    page = open_reference()
    page.get_by_label("API key").fill(key)
    card = opened(page, "changeInbox")
    card.get_by_label("inbox_id").fill(str(inbox.pk))
    card.get_by_role("button", name="Fill in the example").click()
    card.get_by_role("button", name="Send").click()

    card.locator("[data-status]", has_text="200").wait_for()


def test_an_operation_is_found_by_its_words(open_reference):
    page = open_reference()
    page.get_by_label("Find an operation").fill("rotate dkim")

    expect(page.locator("[data-find]:visible")).to_have_count(1)


@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_fits_and_everything_on_it_has_a_name(open_reference, width):
    page = open_reference(viewport={"width": width, "height": 640})
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")

    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert page.evaluate(UNLABELLED) == []
    assert page.evaluate(SMALL_TARGETS) == []
