"""Two who act in the same moment, over real connections: one wins, the other is told who."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.models import Member
from accounts.scope import Scope
from drafts import review
from drafts.models import Decision, Draft
from drafts.refusals import DraftNotPending, DraftRefusal, TooLate
from events import audit
from events.errors import MailAgentError
from inboxes.models import Inbox, Message
from outbound.models import Delivery
from tests.conftest import make_person
from tests.drafts.mail import claim, pass_hold, receive, scope_of

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed answers, or the refusal it raises; all begin together."""
    start = threading.Barrier(len(deeds))
    outcomes: list[Any] = [None] * len(deeds)

    def run(index: int, deed: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            outcomes[index] = deed()
        except MailAgentError as refusal:
            outcomes[index] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(
        isinstance(each, Exception) and not isinstance(each, MailAgentError) for each in outcomes
    )
    return outcomes


@pytest.fixture
def reviewers(workspace) -> list[Scope]:
    people = [
        make_person(f"reviewer{number}@acme.example", workspace, Member.Role.REVIEWER)
        for number in range(8)
    ]
    return [scope_of(person) for person in people]


def test_of_eight_who_approve_at_once_one_wins_and_the_others_are_told_who(
    draft, reviewers, approve
):
    outcomes = at_once(*(lambda by=by: approve(draft, by=by) for by in reviewers))
    winners = [each for each in outcomes if isinstance(each, Draft)]
    losers = [each for each in outcomes if isinstance(each, DraftNotPending)]
    assert (len(winners), len(losers)) == (1, 7)
    assert {each.by for each in losers} == {winners[0].decided_by}
    assert Delivery.objects.count() == Decision.objects.count() == 1
    assert Message.objects.filter(direction="outbound").count() == 1
    assert audit.verify(draft.inbox.workspace_id) == []


def test_many_drafts_with_many_approvers_are_one_mail_each(inbox, agent, reviewers, approve):
    drafts = []
    for number in range(10):
        received = receive(inbox, subject=f"Question {number}", number=number)
        drafts.append(review.create(inbox, by=agent, reply_to_message=received, plain_body="Hello"))

    def approve_all(by: Scope) -> int:
        won = 0
        for draft in drafts:
            try:
                approve(draft, by=by)
                won += 1
            except DraftNotPending:
                pass
        return won

    won = at_once(*(lambda by=by: approve_all(by) for by in reviewers[:4]))
    assert sum(won) == 10
    assert Delivery.objects.count() == 10
    assert audit.verify(inbox.workspace_id) == []


@pytest.mark.parametrize("attempt", range(5))
def test_sent_or_undone_and_never_both(draft, approve, reviewer, attempt):
    message = approve(draft).message
    pass_hold(message)
    undone, claimed = at_once(lambda: review.undo(draft, by=reviewer), lambda: claim(message))
    draft.refresh_from_db()
    if claimed:
        assert isinstance(undone, TooLate)
        assert draft.status == "sending"
    else:
        assert isinstance(undone, Draft)
        assert draft.status == "pending"
        assert Delivery.objects.get().status == "cancelled"


@pytest.mark.parametrize("attempt", range(5))
def test_an_approval_and_an_edit_at_once_never_send_unseen_words(
    draft, approve, reviewer, other_reviewer, attempt
):
    def edit() -> Draft:
        return review.revise(draft, by=other_reviewer, changes={"plain_body": "Edited."}, version=1)

    seen = draft.revision.content_hash
    approved, edited = at_once(lambda: approve(draft, content_hash=seen, version=1), edit)
    assert isinstance(approved, Draft) != isinstance(edited, Draft)
    for message in Message.objects.filter(direction="outbound"):
        assert "It is on its way." in message.plain_body


@pytest.mark.parametrize("attempt", range(5))
def test_mail_that_comes_in_while_a_draft_is_approved_is_never_overlooked(
    inbox, draft, received, approve, attempt
):
    def write_again() -> Message:
        return receive(inbox, answers=received, subject="Re: Where is my parcel?", number=2)

    approved, newer = at_once(lambda: approve(draft, thread_head_id=received.pk), write_again)
    assert isinstance(newer, Message)
    assert isinstance(approved, Draft | DraftRefusal)
    draft.refresh_from_db()
    assert (draft.status, draft.stale) == ("pending", True)
    assert not Delivery.objects.exclude(status="cancelled").exists()
    newer.thread.refresh_from_db()
    assert (newer.thread.head_id, newer.thread.message_count) == (newer.pk, 2)


def test_two_creates_at_once_make_one_open_draft(inbox, agent, received):
    def create() -> Draft:
        return review.create(
            Inbox.objects.get(pk=inbox.pk), by=agent, reply_to_message=received, plain_body="Hi"
        )

    one, two = at_once(create, create)
    assert isinstance(one, Draft)
    assert one.pk == two.pk
    assert sorted(one.revisions.values_list("sequence", flat=True)) == [1, 2]


def test_two_replies_at_once_with_review_off_are_one_mail(inbox, agent, received):
    Inbox.objects.update(review_mode="off")
    from drafts.direct import send_directly

    def reply() -> review.SendOutcome:
        return send_directly(
            Inbox.objects.get(pk=inbox.pk), by=agent, reply_to_message=received, plain_body="Hi"
        )

    outcomes = at_once(reply, reply)
    assert sum(isinstance(each, review.SendOutcome) for each in outcomes) == 1
    assert Delivery.objects.count() == 1
