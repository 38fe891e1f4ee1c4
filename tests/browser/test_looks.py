"""What every screen promises to eyes and hands: it fits, it is labelled, it can be read."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from drafts.models import Draft
from inboxes.marks import label_message
from inboxes.models import Message
from tests.browser.conftest import Seat
from tests.events.listening import ROOT
from tests.pages.proposals import approve, propose

pytestmark = pytest.mark.browser

LONG = "Wordswithoutanyspace" * 12
UNLABELLED = """() => [...document.querySelectorAll('input, select, textarea, button, iframe, a')]
    .filter(each => each.type !== 'hidden' && !each.hidden
        && !(each.labels && each.labels.length) && !each.getAttribute('aria-label')
        && !each.title && !each.textContent.trim() && !each.value)
    .map(each => each.outerHTML)"""
SMALL_TARGETS = """() => [...document.querySelectorAll('button, select, .button, .item')]
    .filter(each => each.checkVisibility() && !each.classList.contains('visually-hidden'))
    .map(each => [each.textContent.trim(), each.getBoundingClientRect()])
    .filter(([_, box]) => box.width && (box.height < 24 || box.width < 24))
    .map(([words]) => words)"""
TOKENS = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)")


@pytest.fixture
def paths(inbox, alice) -> list[str]:
    """Every screen, with the worst that a customer can write."""
    draft = propose(inbox, 1, subject=LONG, plain_body=LONG, category=LONG[:60],
                    metadata={LONG: LONG, "llmReasoning": LONG})  # fmt: skip
    sent = approve(propose(inbox, 2), alice)
    message = Message.objects.get(draft=sent)
    junked = propose(inbox, 3, subject=LONG).reply_to_message
    Message.objects.filter(pk=junked.pk).update(subject=LONG, from_name=LONG)
    label_message(junked, add=["spam", LONG[:80]], remove=())
    return [
        "/", f"/drafts/{draft.pk}", f"/drafts/{sent.pk}", f"/drafts/{draft.pk}/difference",
        "/outbox", "/conversations", f"/conversations/{draft.thread_id}",
        f"/messages/{message.pk}", f"/messages/{draft.reply_to_message_id}", "/dev/outbox",
        "/junk", f"/messages/{junked.pk}",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1440])
def test_no_screen_scrolls_sideways(sit_down, paths, alice, width):
    seat = sit_down(alice, viewport={"width": width, "height": 640})
    wide = []
    for path in paths:
        seat.page.goto(path)
        if seat.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert wide == []


def test_everything_has_a_name_and_room_to_be_hit(sit_down, paths, alice):
    seat: Seat = sit_down(alice)
    for path in paths:
        seat.page.goto(path)
        assert seat.page.evaluate(UNLABELLED) == [], path
        assert seat.page.evaluate(SMALL_TARGETS) == [], path
        assert seat.page.locator("h1").count() == 1, path
        assert seat.page.locator("main").count() == 1, path


def test_the_decision_stays_in_sight_on_a_small_screen(sit_down, inbox, alice):
    draft: Draft = propose(inbox, plain_body="A line.\n" * 60)
    page = sit_down(alice, viewport={"width": 320, "height": 640}).page
    page.goto(f"/drafts/{draft.pk}")
    page.get_by_label("Text of the reply").scroll_into_view_if_needed()
    page.mouse.move(160, 200)
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 300)
    page.wait_for_function("before => scrollY > before", arg=before)

    bar = page.locator(".actions").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] <= 641
    assert bar["height"] < 200


def test_keyboard_users_can_skip_to_the_content(sit_down, inbox, alice):
    page = sit_down(alice).page
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(scheme):
    """WCAG 2.2 AA, 1.4.3: 4.5 to 1; 1.4.11 for the edges of controls: 3 to 1."""
    css = Path(ROOT / "static/css/base.css").read_text()
    token = {name: pair[scheme] for name, *pair in TOKENS.findall(css)}
    grounds = ("ground", "surface", "raised", "sunken")
    pairs = [(ink, ground) for ink in ("ink", "ink-soft", "accent") for ground in grounds]
    pairs += [(name, f"{name}-soft") for name in ("warn", "bad", "good", "info", "accent")]
    pairs += [("ink", "added"), ("ink", "removed"), ("accent-ink", "accent"), ("bad", "surface")]
    pairs += [("ink-soft", "good-soft"), ("ink", "accent-soft"), ("ink-soft", "accent-soft")]

    weak = {pair: round(contrast(token[pair[0]], token[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}
    assert contrast(token["line-strong"], token["surface"]) >= 3
