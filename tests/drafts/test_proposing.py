"""How drafts come to be, and how they change."""

import pytest

from drafts import review
from drafts.content import content_hash, content_of
from drafts.models import Draft
from drafts.refusals import DraftNotPending, InReview, NotTheAuthor, VersionConflict
from events import audit
from events.errors import Forbidden, Invalid, Missing
from events.models import Event
from inboxes.addresses import Address
from inboxes.models import Message
from tests.drafts.mail import CUSTOMER, agent_of, receive, scope_of

ELSEWHERE = (Address("", "eve@elsewhere.example"),)


def bodies_of(draft: Draft) -> tuple[str, str]:
    draft.refresh_from_db()
    return draft.revision.plain_body, draft.revision.html_body


def test_reply_fills_in_recipient_and_subject(draft):
    assert draft.revision.to == [{"name": "Ann", "address": CUSTOMER}]
    assert draft.revision.subject == "Re: Where is my parcel?"


def test_reply_goes_to_reply_to_rather_than_from(inbox, agent):
    received = receive(inbox, headers="Reply-To: desk@customer.example\r\n")
    draft = review.create(inbox, by=agent, reply_to_message=received, plain_body="Hello")
    assert [each["address"] for each in draft.revision.to] == ["desk@customer.example"]


def test_reply_to_everyone_leaves_out_our_own_addresses(inbox, agent):
    received = receive(
        inbox, headers="Cc: Bea <bea@customer.example>, support+sales@acme.example\r\n"
    )
    draft = review.create(
        inbox, by=agent, reply_to_message=received, to_everyone=True, plain_body="Hello"
    )
    assert [each["address"] for each in draft.revision.to] == [CUSTOMER]
    assert [each["address"] for each in draft.revision.cc] == ["bea@customer.example"]


def test_reply_subject_has_re_once(inbox, agent):
    received = receive(inbox, subject="RE: Re: Parcel")
    draft = review.create(inbox, by=agent, reply_to_message=received, plain_body="Hello")
    assert draft.revision.subject == "Re: Parcel"


def test_what_the_author_gives_is_not_filled_in(inbox, agent, received):
    draft = review.create(
        inbox, by=agent, reply_to_message=received, to=ELSEWHERE, subject="Other", plain_body="Hi"
    )
    assert [each["address"] for each in draft.revision.to] == ["eve@elsewhere.example"]
    assert draft.revision.subject == "Other"


def test_html_is_derived_from_the_text(draft):
    assert draft.revision.html_derived
    assert "It is on its way." in draft.revision.html_body


def test_text_is_derived_from_the_html(inbox, agent, received):
    draft = review.create(
        inbox, by=agent, reply_to_message=received, html_body="<p>It is <b>late</b>.</p>"
    )
    assert draft.revision.plain_body.strip() == "It is late."
    assert not draft.revision.html_derived


def test_draft_is_told_and_on_record(draft, workspace):
    assert Event.objects.get(draft_id=draft.pk).type == "draft.created"
    assert audit.verify(workspace.pk) == []


def test_created_with_submit_false_is_composing_until_submitted(inbox, agent, received):
    draft = review.create(
        inbox, by=agent, reply_to_message=received, plain_body="Hello", submit=False
    )
    assert draft.status == "composing"
    assert review.submit(draft, by=agent).status == "pending"


def test_message_of_another_inbox_cannot_be_answered(inbox, agent, strange_inbox):
    theirs = receive(strange_inbox)
    with pytest.raises(Missing):
        review.create(inbox, by=agent, reply_to_message=theirs, plain_body="Hello")


def test_stranger_can_neither_create_nor_revise(inbox, charlie, draft):
    with pytest.raises(Forbidden):
        review.create(inbox, by=scope_of(charlie), plain_body="Hello")
    with pytest.raises(Forbidden):
        review.revise(draft, by=scope_of(charlie), changes={"subject": "Mine"}, version=None)


def test_second_create_on_the_thread_adds_a_revision(inbox, agent, received, draft):
    again = review.create(inbox, by=agent, reply_to_message=received, plain_body="Better.")
    assert again.pk == draft.pk
    assert (again.revision.sequence, again.revision.plain_body) == (2, "Better.")
    assert Draft.objects.count() == 1


def test_second_create_after_a_persons_edit_is_kept_aside(inbox, agent, received, draft, reviewer):
    edited = review.revise(draft, by=reviewer, changes={"plain_body": "Edited."}, version=1)
    again = review.create(inbox, by=agent, reply_to_message=received, plain_body="Better.")
    assert again.revision.plain_body == "Edited."
    assert again.version == edited.version
    assert again.revisions.get(offered=True).plain_body == "Better."


def test_reviewer_can_take_what_was_offered(inbox, agent, received, draft, reviewer):
    review.revise(draft, by=reviewer, changes={"plain_body": "Edited."}, version=1)
    review.create(inbox, by=agent, reply_to_message=received, plain_body="Better.")
    taken = review.take_offer(draft, by=reviewer, sequence=3, version=2)
    assert taken.revision.plain_body == "Better."
    assert taken.revision.author == reviewer.actor


def test_another_agents_create_is_kept_aside(inbox, received, draft):
    other = agent_of(inbox, name="other")
    again = review.create(inbox, by=other, reply_to_message=received, plain_body="Mine.")
    assert again.pk == draft.pk
    assert again.revision.plain_body == "It is on its way.\n"


def test_create_on_a_thread_whose_draft_is_approved_is_refused(
    inbox, agent, received, draft, approve
):
    approve(draft)
    with pytest.raises(DraftNotPending) as refusal:
        review.create(inbox, by=agent, reply_to_message=received, plain_body="Too late")
    assert refusal.value.by_name == "Alice"


def test_revision_one_stays_as_it_was_written(draft, reviewer):
    before = content_hash(content_of(draft.revision))
    review.revise(draft, by=reviewer, changes={"plain_body": "Edited."}, version=1)
    assert draft.revisions.get(sequence=1).content_hash == before
    assert draft.revisions.get(sequence=2).parent.sequence == 1


def test_an_edit_of_the_text_makes_the_html_anew(inbox, agent, received, reviewer):
    draft = review.create(
        inbox, by=agent, reply_to_message=received, html_body="<p>It is <b>late</b>.</p>"
    )
    review.revise(draft, by=reviewer, changes={"plain_body": "It is early."}, version=1)
    plain_body, html_body = bodies_of(draft)
    assert plain_body == "It is early."
    assert "early" in html_body
    assert "late" not in html_body


def test_an_edit_that_changes_nothing_adds_nothing(draft, reviewer):
    same = review.revise(
        draft, by=reviewer, changes={"plain_body": draft.revision.plain_body}, version=1
    )
    assert (same.version, same.revisions.count()) == (1, 1)


def test_a_stale_version_is_refused_with_the_present_draft(draft, reviewer, other_reviewer):
    review.revise(draft, by=reviewer, changes={"subject": "Parcel"}, version=1)
    with pytest.raises(VersionConflict) as refusal:
        review.revise(draft, by=other_reviewer, changes={"subject": "Other"}, version=1)
    assert refusal.value.details["draft"]["subject"] == "Parcel"
    assert refusal.value.details["draft"]["version"] == 2
    assert "Alice" in refusal.value.sentence


def test_agent_cannot_change_what_a_person_has_edited(draft, agent, reviewer):
    review.revise(draft, by=reviewer, changes={"subject": "Parcel"}, version=1)
    with pytest.raises(InReview):
        review.revise(draft, by=agent, changes={"subject": "Mine"}, version=None)


def test_metadata_is_merged_and_null_removes(draft, agent):
    review.revise(draft, by=agent, changes={"metadata": {"a": 1, "b": {"c": 2}}}, version=1)
    revised = review.revise(draft, by=agent, changes={"metadata": {"a": None}}, version=2)
    assert revised.metadata == {"b": {"c": 2}}


@pytest.mark.parametrize("break_", ["\r", "\n", "\0"])
def test_line_breaks_in_the_subject_are_refused(inbox, agent, received, break_):
    with pytest.raises(Invalid) as refusal:
        review.create(
            inbox, by=agent, reply_to_message=received, subject=f"a{break_}Bcc: x", plain_body="-"
        )
    assert "subject" in refusal.value.details


def test_known_names_are_put_back(inbox, agent, received):
    draft = review.create(
        inbox, by=agent, reply_to_message=received, to=(Address("", CUSTOMER),), plain_body="Hi"
    )
    assert draft.revision.to == [{"name": "Ann", "address": CUSTOMER}]


def test_agent_can_withdraw_its_own(draft, agent):
    assert review.withdraw(draft, by=agent).status == "withdrawn"


def test_another_agent_cannot_withdraw_it(inbox, draft):
    with pytest.raises(NotTheAuthor):
        review.withdraw(draft, by=agent_of(inbox, name="other"))


def test_agent_cannot_withdraw_out_of_a_persons_hands(draft, agent, reviewer):
    review.take_lease(draft, by=reviewer)
    with pytest.raises(InReview):
        review.withdraw(draft, by=agent)


def test_reply_to_a_mail_that_is_not_the_newest_is_stale(inbox, agent, received):
    receive(inbox, answers=received, subject="Re: Where is my parcel?", number=2)
    draft = review.create(inbox, by=agent, reply_to_message=received, plain_body="Hello")
    assert draft.stale
    assert draft.thread_head_id == received.pk


def test_recreating_on_the_newest_mail_is_stale_no_longer(inbox, agent, received, draft):
    newer = receive(inbox, answers=received, subject="Re: Where is my parcel?", number=2)
    draft.refresh_from_db()
    assert draft.stale
    again = review.create(inbox, by=agent, reply_to_message=newer, plain_body="Hello")
    assert (again.pk, again.stale) == (draft.pk, False)


def test_new_mail_has_no_thread_until_it_is_let_out(inbox, agent, approve):
    draft = review.create(inbox, by=agent, to=ELSEWHERE, subject="News", plain_body="Hello")
    assert draft.thread is None
    approved = approve(draft)
    assert approved.thread.messages.get().pk == approved.message_id
    assert Message.objects.get(direction="outbound").threaded_by == "new"
