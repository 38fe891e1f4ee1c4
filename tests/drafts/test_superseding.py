"""What new mail on a thread does to the drafts on it."""

import pytest

from drafts import review
from drafts.direct import send_directly
from drafts.models import Draft
from events.models import Event
from inboxes.marks import label_message
from inboxes.models import Message
from outbound.models import Delivery
from tests.drafts.mail import agent_of, claim, pass_hold, receive


@pytest.fixture
def write_again(inbox, received):
    def act(**fields) -> Message:
        return receive(
            inbox, answers=received, subject="Re: Where is my parcel?", number=2, **fields
        )

    return act


def test_pending_draft_is_stale_when_the_customer_writes_again(draft, write_again):
    write_again()
    draft.refresh_from_db()
    assert (draft.status, draft.stale, draft.version) == ("pending", True, 2)
    assert Event.objects.filter(type="draft.stale", draft_id=draft.pk).count() == 1


def test_mail_in_junk_is_nobody_writing_until_it_comes_out(draft, write_again):
    again = write_again(labels=("spam",))
    draft.refresh_from_db()
    assert not draft.stale

    label_message(again, add=(), remove=["spam"])
    draft.refresh_from_db()
    assert (draft.status, draft.stale) == ("pending", True)


def test_held_mail_is_pulled_back_when_the_customer_writes_again(draft, approve, write_again):
    approved = approve(draft)
    newer = write_again()
    draft.refresh_from_db()
    assert (draft.status, draft.stale, draft.message_id) == ("pending", True, None)
    assert Delivery.objects.get().status == "cancelled"
    assert Message.objects.get(pk=approved.message_id).status == "cancelled"
    thread = newer.thread
    thread.refresh_from_db()
    assert (thread.head_id, thread.message_count) == (newer.pk, 2)


def test_pulled_back_mail_can_be_approved_on_the_new_head(draft, approve, write_again):
    approve(draft)
    write_again()
    assert approve(draft).status == "approved"


def test_mail_that_a_worker_has_is_not_pulled_back(draft, approve, write_again):
    approved = approve(draft)
    pass_hold(approved.message)
    claim(approved.message)
    write_again()
    draft.refresh_from_db()
    assert (draft.status, draft.stale) == ("sending", False)


def test_an_automatic_message_is_nobody_writing(draft, approve, write_again):
    approve(draft)
    write_again(headers="Auto-Submitted: auto-replied\r\n")
    draft.refresh_from_db()
    assert (draft.status, draft.stale) == ("approved", False)


def test_an_edit_that_names_the_version_ends_staleness(draft, reviewer, write_again):
    newer = write_again()
    revised = review.revise(draft, by=reviewer, changes={"plain_body": "Both."}, version=2)
    assert (revised.stale, revised.thread_head_id) == (False, newer.pk)


def test_another_reply_on_the_thread_supersedes_what_is_open(inbox, received, draft):
    inbox.review_mode = "off"
    inbox.save()
    other = agent_of(inbox, name="other")
    outcome = send_directly(inbox, by=other, reply_to_message=received, plain_body="Done.")
    draft.refresh_from_db()
    assert draft.status == "superseded"
    assert outcome.status == "queued"
    assert outcome.draft.pk != draft.pk


def test_a_draft_in_a_persons_hands_is_not_gone_round(inbox, received, draft, reviewer):
    inbox.review_mode = "off"
    inbox.save()
    review.revise(draft, by=reviewer, changes={"plain_body": "Edited."}, version=1)
    other = agent_of(inbox, name="other")
    outcome = send_directly(inbox, by=other, reply_to_message=received, plain_body="Done.")
    assert (outcome.http_status, outcome.draft.pk) == (202, draft.pk)
    assert draft.revisions.get(offered=True).plain_body == "Done."
    assert not Delivery.objects.exists()


def test_approving_a_draft_does_not_supersede_itself(draft, approve):
    assert approve(draft).status == "approved"
    assert Draft.objects.get().status == "approved"


def test_drafts_go_with_their_thread_when_threads_are_merged(inbox, agent, approve):
    """Two mails that answer one we never saw begin one thread each, until it comes late."""
    from inboxes.threads import merge

    one = receive(inbox, subject="One", number=1)
    two = receive(inbox, subject="Two", number=2)
    first = review.create(inbox, by=agent, reply_to_message=one, plain_body="1")
    second = review.create(inbox, by=agent, reply_to_message=two, plain_body="2")
    merge(one.thread, [two.thread])
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("superseded", "pending")
    assert second.thread_id == one.thread_id
