"""Every decision on a draft, and what becomes of the mail."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Member
from accounts.scope import Scope
from drafts import review
from drafts.models import Decision, Draft
from drafts.refusals import (
    DraftNotPending,
    InboxPaused,
    LeaseHeld,
    NotAReviewer,
    ThreadChanged,
    TooLate,
    VersionConflict,
)
from events import audit
from events.errors import Invalid
from events.models import AuditEntry, Event
from inboxes import mime
from inboxes.addresses import Address
from inboxes.models import FolderEntry, Message, MessageRaw
from outbound.models import Delivery
from tests.conftest import make_person
from tests.drafts.mail import CUSTOMER, claim, pass_hold, receive, scope_of, settle


def octets(draft: Draft) -> mime.ParsedMessage:
    return mime.parse(bytes(MessageRaw.objects.get(message=draft.message_id).octets))


def events_of(draft: Draft) -> list[str]:
    return list(
        Event.objects.filter(draft_id=draft.pk).order_by("id").values_list("type", flat=True)
    )


def test_approval_queues_one_delivery_to_the_customer(draft, approve):
    approved = approve(draft)
    delivery = Delivery.objects.get()
    assert (delivery.rcpt_to, delivery.by_person) == (CUSTOMER, True)
    assert delivery.next_attempt_at == approved.hold_until


def test_approved_mail_answers_the_message_it_answers(draft, received, approve):
    parsed = octets(approve(draft))
    assert parsed.in_reply_to == (received.header_message_id,)
    assert parsed.references == (received.header_message_id,)
    assert parsed.subject == "Re: Where is my parcel?"
    assert parsed.header_message_id.endswith("@acme.example")
    assert [(a.name, a.addr_spec) for a in parsed.to] == [("Ann", CUSTOMER)]
    assert [(a.name, a.addr_spec) for a in parsed.header_from] == [
        ("Acme Support", "support@acme.example")
    ]


def test_approved_mail_has_both_bodies_with_the_signature_under_them(inbox, draft, approve):
    inbox.signature = "Acme & Co\nBerlin"
    inbox.save()
    parsed = octets(approve(draft))
    assert parsed.plain_body == "It is on its way.\n\n-- \nAcme & Co\nBerlin\n"
    assert "It is on its way." in parsed.html_body
    assert "Acme &amp; Co<br>" in parsed.html_body
    assert "Acme" not in Draft.objects.get(pk=draft.pk).revision.plain_body


def test_approved_by_a_person_says_nothing_of_being_automatic(draft, approve):
    approved = approve(draft)
    assert "auto-submitted" not in [name.lower() for name, _ in octets(approved).headers]
    assert not approved.message.unattended


def test_blind_copies_are_delivered_and_stand_in_no_header(inbox, agent, received, approve):
    draft = review.create(
        inbox,
        by=agent,
        reply_to_message=received,
        bcc=(Address("", "boss@acme.example"),),
        plain_body="Hello",
    )
    approved = approve(draft)
    assert set(Delivery.objects.values_list("rcpt_to", flat=True)) == {
        CUSTOMER,
        "boss@acme.example",
    }
    assert b"boss@" not in bytes(MessageRaw.objects.get(message=approved.message_id).octets)


def test_approved_mail_is_on_the_thread_and_in_sent(draft, received, approve):
    approved = approve(draft)
    message = approved.message
    thread = message.thread
    assert thread.pk == received.thread_id
    assert (thread.head_id, thread.message_count) == (message.pk, 2)
    assert FolderEntry.objects.get(message=message).folder.role == "sent"


def test_approval_is_on_record_with_revision_head_and_words(draft, received, approve, reviewer):
    approve(draft, words="Good.", reading_seconds=7)
    decision = Decision.objects.get()
    assert (decision.kind, decision.decided_by) == ("approve", reviewer.actor)
    assert decision.content_hash == draft.revision.content_hash
    assert decision.thread_head_id == received.pk
    assert (decision.words, decision.reading_seconds) == ("Good.", 7)
    entry = AuditEntry.objects.get(action="draft.approve")
    assert entry.details["content_hash"] == draft.revision.content_hash
    assert audit.verify(draft.inbox.workspace_id) == []


def test_approval_is_told_with_the_message(draft, approve):
    approved = approve(draft)
    event = Event.objects.get(type="draft.approved")
    assert event.message_id == approved.message_id
    assert event.payload["decided_by"] == approved.decided_by


def test_second_approval_is_refused_and_sends_nothing(draft, approve, other_reviewer):
    approve(draft)
    with pytest.raises(DraftNotPending) as refusal:
        approve(draft, by=other_reviewer)
    assert "approved by Alice at" in refusal.value.sentence
    assert refusal.value.details["by"].startswith("user:")
    assert Delivery.objects.count() == 1


def test_no_key_can_approve_whatever_it_is_allowed(draft, agent, approve):
    with pytest.raises(NotAReviewer):
        approve(draft, by=agent)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("role", [Member.Role.VIEWER, Member.Role.DRAFTER])
def test_who_may_not_review_cannot_approve(workspace, draft, approve, role):
    person = make_person("dora@acme.example", workspace, role)
    with pytest.raises(NotAReviewer):
        approve(draft, by=scope_of(person))


def test_stranger_decides_nothing(draft, charlie, approve):
    stranger = scope_of(charlie)
    deeds = [
        lambda: approve(draft, by=stranger),
        lambda: review.reject(draft, by=stranger, reasons=["other"], version=None),
        lambda: review.no_reply_needed(draft, by=stranger, version=None),
        lambda: review.request_changes(draft, by=stranger, words="No", version=None),
        lambda: review.undo(draft, by=stranger),
    ]
    for deed in deeds:
        with pytest.raises(NotAReviewer):
            deed()
    assert not Decision.objects.exists()


def test_approval_of_other_content_than_was_seen_is_refused(draft, approve, other_reviewer):
    seen = draft.revision.content_hash
    review.revise(draft, by=other_reviewer, changes={"plain_body": "Changed."}, version=1)
    with pytest.raises(VersionConflict) as refusal:
        approve(draft, content_hash=seen)
    assert refusal.value.details["draft"]["plainBody"] == "Changed."


def test_approval_on_another_head_than_was_seen_is_refused(inbox, draft, received, approve):
    newer = receive(inbox, answers=received, subject="Re: Where is my parcel?", number=2)
    with pytest.raises(ThreadChanged) as refusal:
        approve(draft, thread_head_id=received.pk)
    assert refusal.value.details["threadHeadId"] == str(newer.pk)
    assert not Delivery.objects.exists()


def test_approval_of_a_stale_version_is_refused(draft, agent, approve):
    review.revise(draft, by=agent, changes={"metadata": {"a": 1}}, version=1)
    with pytest.raises(VersionConflict):
        approve(draft, version=1)


def test_nothing_leaves_a_paused_inbox(inbox, draft, approve):
    inbox.status = "paused"
    inbox.save()
    with pytest.raises(InboxPaused):
        approve(draft)
    draft.refresh_from_db()
    assert draft.status == "pending"


def test_mail_to_nobody_is_refused(inbox, agent, approve):
    draft = review.create(inbox, by=agent, subject="News", plain_body="Hello")
    with pytest.raises(Invalid):
        approve(draft)


def test_rejection_needs_a_reason(draft, reviewer):
    with pytest.raises(Invalid):
        review.reject(draft, by=reviewer, version=None)


def test_rejection_closes_and_tells_the_agent_why(draft, reviewer):
    closed = review.reject(draft, by=reviewer, reasons=["wrong_tone"], words="Too curt.", version=1)
    assert (closed.status, closed.feedback) == ("rejected", "Too curt.")
    event = Event.objects.get(type="draft.rejected")
    assert event.payload["feedback"] == "Too curt."
    assert event.payload["reasons"] == ["wrong_tone"]


def test_no_reply_needed_is_not_told_as_a_rejection(draft, reviewer):
    closed = review.no_reply_needed(draft, by=reviewer, version=1)
    assert closed.status == "no_reply_needed"
    assert "draft.rejected" not in events_of(draft)


def test_changes_requested_come_back_to_the_same_reviewer(draft, agent, reviewer):
    back = review.request_changes(draft, by=reviewer, words="Name the date.", version=1)
    assert back.status == "changes_requested"
    assert events_of(draft)[-1] == "draft.changes_requested"

    again = review.revise(draft, by=agent, changes={"plain_body": "Friday."}, version=2)
    assert (again.status, again.reviewer.actor) == ("pending", reviewer.actor)
    assert again.decided_by == ""


def test_undo_takes_the_mail_back_and_leaves_the_thread_as_it_was(
    draft, received, approve, reviewer
):
    message_id = approve(draft).message_id
    undone = review.undo(draft, by=reviewer)
    assert (undone.status, undone.message_id, undone.hold_until) == ("pending", None, None)
    assert Message.objects.get(pk=message_id).status == "cancelled"
    assert Delivery.objects.get().status == "cancelled"
    assert (undone.thread.head_id, undone.thread.message_count) == (received.pk, 1)
    assert not FolderEntry.objects.filter(message=message_id).exists()
    assert [d.kind for d in undone.decisions.order_by("created_at")] == ["approve", "undo"]


def test_undone_draft_can_be_approved_again(draft, approve, reviewer):
    approve(draft)
    review.undo(draft, by=reviewer)
    approve(draft)
    assert Delivery.objects.exclude(status="cancelled").count() == 1


def test_undo_after_a_worker_claimed_it_is_too_late(draft, approve, reviewer):
    approved = approve(draft)
    pass_hold(approved.message)
    assert claim(approved.message)
    with pytest.raises(TooLate):
        review.undo(draft, by=reviewer)
    draft.refresh_from_db()
    assert draft.status == "sending"


def test_undo_after_the_hold_is_too_late(draft, approve, reviewer):
    approve(draft)
    Draft.objects.update(hold_until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(TooLate):
        review.undo(draft, by=reviewer)


def test_send_at_holds_it_longer_than_the_hold(inbox, agent, received, approve):
    tomorrow = timezone.now() + timedelta(days=1)
    draft = review.create(
        inbox, by=agent, reply_to_message=received, plain_body="Hello", send_at=tomorrow
    )
    assert approve(draft).hold_until == tomorrow
    assert Delivery.objects.get().next_attempt_at == tomorrow


def test_draft_is_sent_when_its_mail_is(draft, approve):
    approved = approve(draft)
    settle(approved.message, "sent")
    draft.refresh_from_db()
    assert draft.status == "sent"
    assert events_of(draft)[-1] == "draft.sent"


def test_draft_whose_mail_failed_is_open_and_can_be_written_anew(draft, approve, agent):
    approved = approve(draft)
    settle(approved.message, "failed")
    draft.refresh_from_db()
    assert draft.status == "send_failed"
    assert events_of(draft)[-1] == "draft.send_failed"

    again = review.revise(draft, by=agent, changes={"plain_body": "Again."}, version=None)
    assert again.status == "pending"
    assert approve(again).status == "approved"


def test_uncertain_mail_leaves_the_draft_sending_until_it_is_known(draft, approve):
    approved = approve(draft)
    pass_hold(approved.message)
    claim(approved.message)
    settle(approved.message, "uncertain")
    draft.refresh_from_db()
    assert draft.status == "sending"
    settle(approved.message, "sent")
    draft.refresh_from_db()
    assert draft.status == "sent"


def test_lease_is_refused_to_a_second_person_and_can_be_taken_over(draft, reviewer, other_reviewer):
    review.take_lease(draft, by=reviewer)
    with pytest.raises(LeaseHeld) as refusal:
        review.take_lease(draft, by=other_reviewer)
    assert "Alice" in refusal.value.sentence
    taken = review.take_lease(draft, by=other_reviewer, take_over=True)
    assert taken.lease_holder == other_reviewer.user
    assert taken.version == 1


def test_lease_that_ran_out_is_free(draft, reviewer, other_reviewer):
    review.take_lease(draft, by=reviewer)
    Draft.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert review.take_lease(draft, by=other_reviewer).lease_holder == other_reviewer.user


def test_release_leaves_anothers_lease(draft, reviewer, other_reviewer):
    review.take_lease(draft, by=reviewer)
    review.release_lease(draft, by=other_reviewer)
    draft.refresh_from_db()
    assert draft.lease_holder == reviewer.user


def test_a_person_of_a_named_inbox_decides_there_only(workspace, draft, approve, dave_elsewhere):
    with pytest.raises(NotAReviewer):
        approve(draft, by=dave_elsewhere)


@pytest.fixture
def dave_elsewhere(workspace) -> Scope:
    """A reviewer of the workspace, but for no inbox of it."""
    dave = make_person("dave@acme.example", workspace, Member.Role.REVIEWER)
    dave.memberships.update(inbox_ids=[])
    return scope_of(dave)
