"""At the desk in the browser: pictures on request, who else is here, a text that was offered."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from inboxes.models import Message
from outbound.models import Pause
from outbound.switching import Switch, pause, resume
from tests.browser.test_reviewing import words_of
from tests.pages.picture_host import Host
from tests.pages.proposals import propose
from tracking.answering import GIF

pytestmark = pytest.mark.browser


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    made.answers["/a.gif"] = (200, {}, GIF)
    yield made
    made.close()


def test_pictures_come_when_they_are_asked_for_and_through_us_alone(sit_down, inbox, alice, host):
    message = propose(inbox).reply_to_message
    html = f'<p>Hello</p><img src="{host.url}/a.gif">'
    Message.objects.filter(pk=message.pk).update(html_body=html)
    page = sit_down(alice).page
    page.goto(f"/messages/{message.pk}")
    page.get_by_text("Show as the sender designed it").click()
    frame = page.frame_locator("iframe")
    frame.get_by_text("Hello").wait_for()
    assert host.asked == []

    page.get_by_role("link", name="Show pictures").click()

    frame.get_by_text("fetched by our server").wait_for()
    picture = frame.locator("img")
    expect(picture).to_have_js_property("complete", True)
    expect(picture).to_have_js_property("naturalWidth", 1)
    assert [path for path, _ in host.asked] == ["/a.gif"]


def test_a_pause_is_shown_while_it_lasts_and_without_a_reload(sit_down, inbox, alice):
    seat = sit_down(alice)
    seat.wait_until_live()
    switch = Switch(Pause.Reach.WORKSPACE, inbox.workspace_id)
    pause(switch, reason="A spill.", by="user:1")
    expect(seat.page.locator("#pauses")).to_contain_text("is paused. A spill.")

    resume(switch, by="user:1")
    expect(seat.page.locator("#pauses")).to_have_text("")


def test_mail_that_goes_to_junk_marks_the_draft_that_answers_it(sit_down, inbox, alice):
    draft = propose(inbox)
    page = sit_down(alice).page
    page.goto(f"/messages/{draft.reply_to_message_id}")
    page.get_by_role("button", name="Junk", exact=True).click()
    expect(page.get_by_text("Moved to Junk.")).to_be_visible()
    page.goto("/")
    expect(page.locator(".row")).to_contain_text("answers Junk")

    page.goto("/junk")
    row = page.locator(".junk-row")
    row.get_by_role("button", name="Not junk").click()
    expect(row).to_contain_text("in the inbox again")
    page.goto("/")
    expect(page.locator(".row")).not_to_contain_text("answers Junk")


def test_one_sees_who_else_has_the_draft_open_and_that_they_left(sit_down, inbox, alice, bob):
    draft = propose(inbox)
    of_alice, of_bob = sit_down(alice).page, sit_down(bob).page
    of_alice.goto(f"/drafts/{draft.pk}")
    of_bob.goto(f"/drafts/{draft.pk}")
    expect(of_bob.locator("#viewers")).to_have_text("Alice is here, too")

    of_alice.goto("/outbox")
    of_bob.locator("#viewers").dispatch_event("refresh")
    expect(of_bob.locator("#viewers")).to_have_text("")


def test_an_offered_text_goes_into_the_editor_and_is_saved_as_ones_own(sit_down, inbox, alice):
    draft = propose(inbox)
    first = draft.revisions.get()
    draft.revisions.create(
        sequence=99, parent=first, author=first.author, plain_body="A second thought.",
        content_hash="0" * 64, offered=True,
    )  # fmt: skip
    page = sit_down(alice).page
    page.goto(f"/drafts/{draft.pk}")
    page.get_by_text("The agent offers another text").click()
    page.get_by_role("button", name="Take this text into the editor").click()

    expect(page.get_by_label("Text of the reply")).to_have_value("A second thought.")
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert words_of(draft) == "A second thought."
