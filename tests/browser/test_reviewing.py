"""The main job in the browser: a draft comes, is seen, edited, approved, and leaves."""

import re

import pytest
from playwright.sync_api import expect

from accounts.scope import Scope
from drafts import review
from drafts.models import Draft
from outbound.models import Delivery
from tests.inboxes.letters import arrive
from tests.pages.proposals import ANSWER, approve, propose

pytestmark = pytest.mark.browser


def words_of(draft: Draft) -> str:
    return Draft.objects.select_related("revision").get(pk=draft.pk).revision.plain_body


def test_a_draft_comes_is_edited_approved_and_sent(sit_down, inbox, alice, worker):
    inbox.hold_seconds = 8  # long enough to be seen, short enough to be waited for
    inbox.save(update_fields=["hold_seconds"])
    seat = sit_down(alice)
    page = seat.page
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    seat.wait_until_live()
    draft = propose(inbox)
    # It comes by itself.
    page.get_by_role("link", name="My printer burns 1").click()
    expect(page.locator(".talk .text")).to_contain_text("It is on fire.")
    page.get_by_label("Text of the reply").press_sequentially("PS. We are sorry. ", delay=5)
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert "PS. We are sorry." in words_of(draft)

    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.locator("#held")).to_contain_text("sent")
    assert Draft.objects.get(pk=draft.pk).status == Draft.Status.SENT
    page.goto("/dev/outbox")
    page.get_by_text("ann@customer.example").click()
    expect(page.get_by_text("PS. We are sorry.").first).to_be_visible()


def test_new_drafts_are_announced_and_not_pushed_under_the_cursor(sit_down, inbox, alice):
    propose(inbox, 1)
    seat = sit_down(alice)
    seat.wait_until_live()
    propose(inbox, 2)

    news = seat.page.get_by_role("button", name="1 new")
    expect(news).to_be_visible()
    expect(seat.page.locator("#rows .row")).to_have_count(1)
    news.click()
    expect(seat.page.locator("#rows .row")).to_have_count(2)
    expect(seat.page.locator(".rail .count")).to_have_text("2")
    expect(seat.page.locator("#waiting")).to_have_text("2 waiting")


def test_keys_lead_through_the_queue_to_a_decision(sit_down, inbox, alice):
    first, second, _ = propose(inbox, 1), propose(inbox, 2), propose(inbox, 3)
    seat = sit_down(alice)
    page = seat.page
    seat.wait_until_live()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="My printer burns 2")).to_be_visible()
    seat.wait_until_live()
    page.keyboard.press("e")
    page.keyboard.type("a d r 0 ")
    expect(page.get_by_label("Text of the reply")).to_have_value(re.compile("^a d r 0 "))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    assert Draft.objects.get(pk=second.pk).status == Draft.Status.APPROVED
    assert words_of(second).startswith("a d r 0 ")
    # On to the one after it; and back.
    expect(page.locator(".row.chosen")).to_contain_text("My printer burns 3")
    page.keyboard.press("z")
    expect(page.get_by_text("Taken back. Nothing was sent.")).to_be_visible()
    seat.wait_until_live()
    page.keyboard.press("0")
    expect(page.get_by_text("Closed: no reply is needed.")).to_be_visible()
    assert Draft.objects.get(pk=first.pk).status == Draft.Status.PENDING
    assert Draft.objects.get(pk=second.pk).status == Draft.Status.NO_REPLY_NEEDED


def test_undo_while_it_is_held(sit_down, inbox, alice):
    draft = propose(inbox)
    page = sit_down(alice).page
    page.goto(f"/drafts/{draft.pk}")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("leaves in")).to_be_visible()
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_text("Taken back. Nothing was sent.")).to_be_visible()
    assert Draft.objects.get(pk=draft.pk).status == Draft.Status.PENDING
    assert Delivery.objects.get().status == Delivery.Status.CANCELLED


def test_of_two_reviewers_one_wins_and_the_other_is_told_who(sit_down, inbox, alice, bob):
    draft = propose(inbox)
    hers, his = sit_down(alice).page, sit_down(bob).page
    for page in (hers, his):
        page.goto(f"/drafts/{draft.pk}")
    # His page does not hear of it: as when both press at once.
    his.evaluate("document.querySelectorAll('[data-live-on]').forEach(e => e.remove())")
    hers.get_by_role("button", name="Approve").click()
    hers.get_by_role("heading", name="Queue").wait_for()
    his.get_by_role("button", name="Approve").click()

    expect(his.get_by_role("heading", name="approved by Alice")).to_be_visible()
    assert Delivery.objects.count() == 1


def test_a_decision_by_somebody_else_is_shown_at_once(sit_down, inbox, alice, bob):
    draft = propose(inbox)
    seat = sit_down(bob)
    seat.page.goto(f"/drafts/{draft.pk}")
    seat.wait_until_live()
    approve(draft, alice)

    expect(seat.page.get_by_text("Approved by Alice")).to_be_visible()
    expect(seat.page.get_by_role("button", name="Approve")).to_be_disabled()


def test_autosave_into_a_conflict_shows_both_texts_and_keeps_mine(sit_down, inbox, alice, bob):
    draft = propose(inbox)
    page = sit_down(alice).page
    page.goto(f"/drafts/{draft.pk}")
    review.revise(
        draft, by=Scope.of_user(bob), changes={"plain_body": "Of Bob."}, version=draft.version
    )
    page.get_by_label("Text of the reply").fill("Of Alice.")

    panel = page.locator("#conflict")
    expect(panel).to_contain_text("Of Bob.")
    expect(panel).to_contain_text("Of Alice.")
    expect(panel).to_be_focused()
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert words_of(draft) == "Of Alice."


def test_live_changes_never_move_the_caret_or_lose_a_letter(sit_down, inbox, alice):
    draft = propose(inbox)
    seat = sit_down(alice)
    page = seat.page
    page.goto(f"/drafts/{draft.pk}")
    seat.wait_until_live()
    editor = page.get_by_label("Text of the reply")
    editor.evaluate("each => { each.focus(); each.setSelectionRange(5, 5); }")
    page.keyboard.type(" dear")
    arrive(inbox, minutes=9, message_id="again@customer.example",
           in_reply_to="<m1@customer.example>", body="One more thing.")  # fmt: skip
    page.keyboard.type(" old", delay=60)
    expect(page.locator(".talk .text").first).to_contain_text("One more thing.")
    page.keyboard.type(" friend", delay=40)

    expect(editor).to_have_value(ANSWER.replace("Hello", "Hello dear old friend"))
    assert editor.evaluate("each => each.selectionStart") == len("Hello dear old friend")
    expect(page.get_by_text("there is a newer message")).to_be_visible()
    expect(page.locator("#saved")).to_contain_text("Saved")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="A newer message has come in")).to_be_visible()
    assert not Delivery.objects.exists()


def test_requesting_changes_asks_for_a_reason(sit_down, inbox, alice):
    draft = propose(inbox)
    seat = sit_down(alice)
    page = seat.page
    page.goto(f"/drafts/{draft.pk}")
    seat.wait_until_live()
    page.keyboard.press("r")
    page.get_by_role("button", name="Send back for changes").click()
    words = page.get_by_label("Words to the agent")
    expect(words).to_have_js_property(
        "validationMessage", "Choose a reason, or say why in a few words."
    )
    assert Draft.objects.get(pk=draft.pk).status == Draft.Status.PENDING
    words.fill("Name the model.")
    page.get_by_role("button", name="Send back for changes").click()

    expect(page.get_by_text("Sent back to the agent.")).to_be_visible()
    assert Draft.objects.get(pk=draft.pk).feedback == "Name the model."


def test_all_of_it_without_javascript(sit_down, inbox, alice):
    draft = propose(inbox)
    page = sit_down(alice, java_script_enabled=False).page
    page.get_by_role("link", name="My printer burns 1").click()
    page.get_by_label("Text of the reply").fill("By hand.")
    page.locator(".under").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    page.get_by_role("link", name="Difference").click()
    expect(page.locator("ins").first).to_contain_text("By")
    page.get_by_role("link", name="← Draft").click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_text("Taken back. Nothing was sent.")).to_be_visible()
    assert words_of(draft) == "By hand."
