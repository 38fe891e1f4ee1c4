"""The queue: what it shows, and what it costs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.scope import Scope
from drafts import review
from drafts.models import Draft
from tests.inboxes.letters import arrive
from tests.pages.proposals import approve, propose


def queries_of(django_assert_max_num_queries, client, path: str) -> int:
    with django_assert_max_num_queries(40) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("path", ["/", "/queue/rows", "/outbox", "/conversations", "/dev/outbox"])
def test_a_list_costs_the_same_for_5_and_50(path, inbox, page, django_assert_max_num_queries):
    for number in range(5):
        propose(inbox, number)
    few = queries_of(django_assert_max_num_queries, page, path)
    for number in range(5, 50):
        propose(inbox, number)

    assert queries_of(django_assert_max_num_queries, page, path) == few


def test_a_conversation_costs_the_same_for_2_and_20(
    inbox, draft, page, django_assert_max_num_queries
):
    path = f"/conversations/{draft.thread_id}"
    few = queries_of(django_assert_max_num_queries, page, path)
    for number in range(2, 20):
        arrive(
            inbox,
            minutes=number,
            message_id=f"more{number}@customer.example",
            in_reply_to="<m1@customer.example>",
        )

    assert queries_of(django_assert_max_num_queries, page, path) == few


def test_a_row_shows_who_what_and_why(inbox, page):
    propose(inbox, 1, category="bug", confidence=0.64)

    shown = page.get("/").content.decode()
    for words in ("Ann Example", "My printer burns 1", "bug", "64 %", "Please unplug"):
        assert words in shown


def test_the_longest_waiting_comes_first_and_the_least_sure_on_request(inbox, page):
    sure, unsure = propose(inbox, 1, confidence=0.9), propose(inbox, 2, confidence=0.1)

    oldest = page.get("/").content.decode()
    least_sure = page.get("/?sort=unsure").content.decode()
    assert oldest.index(str(sure.pk)) < oldest.index(str(unsure.pk))
    assert least_sure.index(f"row-{unsure.pk}") < least_sure.index(f"row-{sure.pk}")


@pytest.mark.parametrize("asked", ["q=burns+2", "q=BURNS+2", "category=bug"])
def test_filters_leave_what_was_asked_for(inbox, page, asked):
    other, wanted = propose(inbox, 1), propose(inbox, 2, category="bug")

    shown = page.get(f"/?{asked}").content.decode()
    assert f"row-{wanted.pk}" in shown
    assert f"row-{other.pk}" not in shown


@pytest.mark.parametrize("asked", ["q=%00", "page=x", "page=99999999999", "sort=x", "inbox=x%00"])
def test_odd_questions_are_answered(page, draft, asked):
    assert page.get(f"/?{asked}").status_code in (200, 400)


def test_new_drafts_are_counted_and_not_pushed(inbox, draft, page):
    seen = timezone.now().isoformat()
    before = page.get("/queue/news", {"seen": seen, "shown": str(draft.pk)}).content
    propose(inbox, 2)
    after = page.get("/queue/news", {"seen": seen, "shown": str(draft.pk)}).content

    assert b"new" not in before
    assert b"1 new" in after


def test_what_people_edit_is_no_news(inbox, draft, alice, page):
    seen = timezone.now().isoformat()
    by = Scope.of_user(alice)
    review.revise(draft, by=by, changes={"plain_body": "Other words."}, version=draft.version)

    assert b"new" not in page.get("/queue/news", {"seen": seen}).content


def test_rows_that_were_asked_for_bring_how_many_wait(draft, page):
    opened = page.get("/").content.decode()
    asked_for = page.get("/queue/rows").content.decode()

    assert 'id="waiting">1 waiting<' in opened
    assert 'id="waiting" hx-swap-oob="true">1 waiting<' in asked_for


def test_a_decided_row_stays_and_says_who_decided(draft, bob, page):
    approve(draft, bob)

    shown = page.get(f"/queue/rows/{draft.pk}").content.decode()
    assert "approved by Bob" in shown


def test_the_list_tells_who_has_a_draft_in_hand(draft, bob, page):
    review.take_lease(draft, by=Scope.of_user(bob))

    assert b"Bob is on it" in page.get("/").content
    told = page.get("/queue/shown", {"shown": str(draft.pk), "seen": timezone.now().isoformat()})
    assert b"Bob is on it" in told.content
    assert b"<li" not in told.content  # The row itself stays where it is.


def test_rows_that_changed_are_told_whole(draft, bob, page):
    seen = timezone.now().isoformat()
    approve(draft, bob)

    told = page.get("/queue/shown", {"shown": str(draft.pk), "seen": seen}).content.decode()
    assert f'id="row-{draft.pk}"' in told
    assert "approved by Bob" in told


def test_what_was_approved_is_held_with_its_undo_and_later_tells_what_became_of_it(
    draft, alice, page
):
    approve(draft, alice)
    held = page.get("/").content.decode()
    Draft.objects.filter(pk=draft.pk).update(
        status=Draft.Status.SENT, hold_until=timezone.now() - timedelta(seconds=1)
    )

    assert f"/drafts/{draft.pk}/undo" in held
    later = page.get("/queue/held", {"held": str(draft.pk)}).content.decode()
    assert "sent" in later
    assert "Undo" not in later
    assert str(draft.pk) not in page.get("/").content.decode()


def test_an_empty_queue_says_so(inbox, page):
    assert b"Nothing waits for you" in page.get("/").content
    assert b"No draft fits" in page.get("/?q=x").content
