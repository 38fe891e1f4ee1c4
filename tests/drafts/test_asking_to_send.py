"""What an agent may have sent without a person, and what stops it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.scope import Scope
from drafts import review
from drafts.direct import send_directly
from drafts.models import Draft
from drafts.refusals import (
    DraftAlreadySent,
    FirstContact,
    InboxPaused,
    InReview,
    NotOpen,
    RecipientSuppressed,
    ThreadChanged,
)
from events.errors import Forbidden
from events.models import Event
from inboxes.addresses import Address
from inboxes.domains import DomainNotVerified
from inboxes.models import Domain, Inbox, Message, MessageRaw
from outbound.models import Delivery, Pause, Suppression
from outbound.switching import Switch, pause
from tests.drafts.mail import CUSTOMER, agent_of, receive


@pytest.fixture
def open_inbox_(inbox: Inbox) -> Inbox:
    """The inbox, with review switched off: a key with `send` may send."""
    Inbox.objects.filter(pk=inbox.pk).update(review_mode="off")
    inbox.refresh_from_db()
    return inbox


def ask(draft: Draft, agent: Scope, **options) -> review.SendOutcome:
    return review.ask_to_send(draft, by=agent, **options)


def test_with_review_off_a_key_with_send_sends(open_inbox_, draft, agent):
    outcome = ask(draft, agent)
    assert (outcome.status, outcome.http_status) == ("queued", 200)
    assert Delivery.objects.get().by_person is False


def test_what_a_policy_lets_go_names_the_rule_and_its_version(open_inbox_, draft, agent):
    outcome = ask(draft, agent)
    decision = outcome.draft.decisions.get()
    assert decision.decided_by == "policy:inbox-off/1"
    assert decision.policy_version == "inbox-off/1"
    assert outcome.draft.decided_by == "policy:inbox-off/1"


def test_what_leaves_unattended_says_so(open_inbox_, draft, agent):
    message = ask(draft, agent).message
    raw = bytes(MessageRaw.objects.get(message=message).octets)
    assert b"\r\nAuto-Submitted: auto-replied\r\n" in raw
    assert message.unattended


def test_where_the_guard_stopped_it_a_person_is_asked_with_its_figures(open_inbox_, draft, agent):
    reason = "The guard stopped it: of 100 messages 10 bounced. " + 300 * "x"
    switch = Switch(Pause.Reach.WORKSPACE, open_inbox_.workspace_id, Pause.Extent.AUTOMATIC)
    pause(switch, reason=reason, by="system")

    outcome = ask(draft, agent)

    assert (outcome.status, outcome.http_status) == ("pending_review", 202)
    said = "Automatic sending from Acme is paused. The guard stopped it: of 100 messages 10"
    assert outcome.draft.review_reason.startswith(said)


@pytest.mark.parametrize("mode", ["required", "policy"])
def test_otherwise_it_waits_for_a_person_who_is_told_why(inbox, draft, agent, mode):
    inbox.review_mode = mode
    inbox.save()
    outcome = ask(draft, agent)
    assert (outcome.status, outcome.http_status) == ("pending_review", 202)
    assert outcome.draft.status == "pending"
    assert outcome.draft.review_reason
    assert not Delivery.objects.exists()


def test_asking_submits_what_was_being_composed(inbox, agent, received):
    draft = review.create(inbox, by=agent, reply_to_message=received, plain_body="Hi", submit=False)
    assert ask(draft, agent).draft.status == "pending"


def test_a_key_without_send_cannot_ask(open_inbox_, draft):
    with pytest.raises(Forbidden):
        ask(draft, agent_of(open_inbox_, "read", "draft"))


def test_workspace_switch_stops_all_automatic_sending(open_inbox_, workspace, draft, agent):
    workspace.automatic_sending = False
    workspace.save()
    assert ask(draft, agent).http_status == 202


def test_automatic_mail_is_never_answered_automatically(open_inbox_, agent):
    received = receive(open_inbox_, headers="Auto-Submitted: auto-generated\r\n")
    draft = review.create(open_inbox_, by=agent, reply_to_message=received, plain_body="Hi")
    outcome = ask(draft, agent)
    assert outcome.http_status == 202
    assert "automatic" in outcome.draft.review_reason


def test_mail_from_one_of_our_own_inboxes_is_never_answered_automatically(
    open_inbox_, strange_inbox, agent
):
    received = receive(open_inbox_, sender=strange_inbox.email)
    draft = review.create(open_inbox_, by=agent, reply_to_message=received, plain_body="Hi")
    assert ask(draft, agent).http_status == 202


def test_mail_whose_sender_failed_authentication_goes_to_a_person(
    open_inbox_, draft, received, agent
):
    Message.objects.filter(pk=received.pk).update(authentication={"dmarc": "fail"})
    assert ask(draft, agent).http_status == 202


def test_a_thread_that_is_drafts_only_goes_to_a_person(open_inbox_, draft, received, agent):
    received.thread.drafts_only = True
    received.thread.save()
    assert ask(draft, agent).http_status == 202


def test_asking_twice_is_refused_and_names_the_message(open_inbox_, draft, agent):
    message = ask(draft, agent).message
    with pytest.raises(DraftAlreadySent) as refusal:
        ask(draft, agent)
    assert refusal.value.details["messageId"] == str(message.pk)
    assert Delivery.objects.count() == 1


def test_asking_for_a_closed_draft_is_refused(draft, agent, reviewer):
    review.reject(draft, by=reviewer, words="No", version=None)
    with pytest.raises(NotOpen):
        ask(draft, agent)


def test_asking_for_what_a_person_holds_is_refused(open_inbox_, draft, agent, reviewer):
    review.take_lease(draft, by=reviewer)
    with pytest.raises(InReview):
        ask(draft, agent)


def test_asking_for_what_a_person_has_edited_is_refused(open_inbox_, draft, agent, reviewer):
    review.revise(draft, by=reviewer, changes={"subject": "Parcel"}, version=1)
    with pytest.raises(InReview):
        ask(draft, agent)


def test_a_newer_message_stops_it_until_the_agent_has_looked(open_inbox_, draft, received, agent):
    receive(open_inbox_, answers=received, subject="Re: Where is my parcel?", number=2)
    with pytest.raises(ThreadChanged):
        ask(draft, agent)
    assert ask(draft, agent, force=True).http_status == 200


def test_suppressed_recipients_are_refused_before_anything_is_sent(
    open_inbox_, workspace, draft, agent
):
    Suppression.objects.create(workspace=workspace, address=CUSTOMER, reason="hard_bounce")
    with pytest.raises(RecipientSuppressed) as refusal:
        ask(draft, agent)
    assert refusal.value.details["addresses"] == [CUSTOMER]


def test_a_paused_inbox_sends_nothing(open_inbox_, draft, agent):
    open_inbox_.status = "paused"
    open_inbox_.save()
    with pytest.raises(InboxPaused):
        ask(draft, agent)


def test_a_domain_that_may_not_send_sends_nothing(open_inbox_, draft, agent):
    Domain.objects.filter(pk=open_inbox_.domain_id).update(outbound_enabled=False)
    with pytest.raises(DomainNotVerified, match="SPF and DKIM"):
        ask(draft, agent)


def test_first_contact_is_refused_where_the_inbox_guards_against_it(open_inbox_, agent, received):
    open_inbox_.first_contact_guard = True
    open_inbox_.save()
    stranger = (Address("", "new@elsewhere.example"),)
    with pytest.raises(FirstContact):
        send_directly(open_inbox_, by=agent, to=stranger, plain_body="Hello")
    assert not Draft.objects.exists()

    sent = send_directly(open_inbox_, by=agent, to=stranger, plain_body="Hello", verified=True)
    assert sent.http_status == 200
    known = (Address("", CUSTOMER),)
    assert send_directly(open_inbox_, by=agent, to=known, plain_body="Hello").http_status == 200


def test_a_person_who_asks_is_the_one_who_approves(draft, reviewer):
    outcome = review.ask_to_send(draft, by=reviewer)
    assert outcome.http_status == 200
    assert outcome.draft.decided_by == reviewer.actor
    assert Delivery.objects.get().by_person


def test_direct_mail_under_review_is_a_pending_draft(inbox, agent, received):
    outcome = send_directly(inbox, by=agent, reply_to_message=received, plain_body="Hi")
    assert (outcome.status, outcome.http_status) == ("pending_review", 202)
    assert outcome.draft.status == "pending"


def exchange(inbox: Inbox, agent: Scope, times: int, sender: str = CUSTOMER) -> list[int]:
    """The same correspondent writes on new threads, and is answered each time."""
    answers = []
    for number in range(times):
        received = receive(inbox, sender=sender, subject=f"Question {number}", number=number)
        outcome = send_directly(inbox, by=agent, reply_to_message=received, plain_body="Hi")
        answers.append(outcome.http_status)
    return answers


def test_the_sixth_automatic_reply_in_an_hour_waits_for_a_person(open_inbox_, agent):
    assert exchange(open_inbox_, agent, 6) == [200] * 5 + [202]
    event = Event.objects.get(type="loop.suspected")
    held = Draft.objects.get(status="pending")
    assert event.thread_id == held.thread_id
    assert held.thread.drafts_only
    assert exchange(open_inbox_, agent, 1, sender="bea@customer.example") == [200]


def test_the_twenty_first_automatic_reply_in_a_day_waits_for_a_person(open_inbox_, agent, received):
    hours_ago = timezone.now() - timedelta(hours=3)
    Message.objects.bulk_create(
        Message(
            inbox=open_inbox_,
            thread=received.thread,
            direction="outbound",
            status="sent",
            unattended=True,
            recipients=[CUSTOMER],
            created_at=hours_ago,
        )
        for _ in range(20)
    )
    assert exchange(open_inbox_, agent, 1) == [202]


def test_four_alternations_in_ten_minutes_make_a_thread_drafts_only(open_inbox_, agent, received):
    Inbox.objects.update(hold_seconds=0)
    answers, mail = [], received
    for number in range(5):
        draft = review.create(open_inbox_, by=agent, reply_to_message=mail, plain_body="Hi")
        outcome = ask(draft, agent)
        answers.append(outcome.http_status)
        if outcome.message is None:
            break
        Message.objects.filter(pk=outcome.message.pk).update(status="sent")
        Draft.objects.filter(pk=draft.pk).update(status="sent")
        mail = receive(
            open_inbox_, answers=outcome.message, subject=outcome.message.subject, number=number
        )
    assert answers == [200] * 4 + [202]
    received.thread.refresh_from_db()
    assert received.thread.drafts_only


def test_what_a_person_sends_counts_for_no_loop(open_inbox_, agent, received, reviewer):
    answers = []
    for number in range(7):
        mail = receive(open_inbox_, subject=f"Question {number}", number=number)
        draft = review.create(open_inbox_, by=agent, reply_to_message=mail, plain_body="Hi")
        answers.append(review.ask_to_send(draft, by=reviewer).http_status)
    assert answers == [200] * 7
    assert not Event.objects.filter(type="loop.suspected").exists()
