"""Every event in every state: what is not in the table of states changes nothing."""

from collections.abc import Callable

import pytest

from accounts.scope import Scope
from drafts import review
from drafts.models import Decision, Draft, DraftRevision
from events.errors import MailAgentError
from events.models import AuditEntry, Event
from outbound.models import Delivery
from tests.drafts.mail import claim, pass_hold, settle

STATES = [each for each in Draft.Status.values if each != "expired"]
# (state, event) → the state after; every other pair is refused.
LEGAL = {
    ("composing", "submit"): "pending",
    ("composing", "edit"): "composing",
    ("composing", "agent edit"): "composing",
    ("composing", "withdraw"): "withdrawn",
    ("composing", "ask to send"): "pending",
    ("pending", "edit"): "pending",
    ("pending", "agent edit"): "pending",
    ("pending", "approve"): "approved",
    ("pending", "reject"): "rejected",
    ("pending", "no reply needed"): "no_reply_needed",
    ("pending", "request changes"): "changes_requested",
    ("pending", "withdraw"): "withdrawn",
    ("pending", "ask to send"): "pending",
    ("changes_requested", "edit"): "pending",
    ("changes_requested", "agent edit"): "pending",
    ("changes_requested", "withdraw"): "withdrawn",
    ("approved", "undo"): "pending",
    ("send_failed", "edit"): "pending",
    ("send_failed", "agent edit"): "pending",
}


@pytest.fixture
def bring(inbox, agent, received, reviewer, approve) -> Callable[[str], Draft]:
    """A draft, brought into a state by the deeds that lead there."""

    def to(state: str) -> Draft:
        draft = review.create(
            inbox,
            by=agent,
            reply_to_message=received,
            plain_body="It is on its way.",
            submit=state != "composing",
        )
        if state == "changes_requested":
            review.request_changes(draft, by=reviewer, words="No", version=None)
        elif state == "rejected":
            review.reject(draft, by=reviewer, words="No", version=None)
        elif state == "no_reply_needed":
            review.no_reply_needed(draft, by=reviewer, version=None)
        elif state == "withdrawn":
            review.withdraw(draft, by=agent)
        elif state == "superseded":
            Draft.objects.filter(pk=draft.pk).update(status="superseded", decided_by="system")
        elif state not in ("composing", "pending"):
            message = approve(draft).message
            if state == "sending":
                pass_hold(message)
                claim(message)
            elif state == "sent":
                settle(message, "sent")
            elif state == "send_failed":
                settle(message, "failed")
        draft = Draft.objects.select_related("revision", "thread").get(pk=draft.pk)
        assert draft.status == state
        return draft

    return to


@pytest.fixture
def events(agent: Scope, reviewer: Scope) -> dict[str, Callable[[Draft], object]]:
    def approve_as_it_is(draft: Draft) -> object:
        return review.approve(
            draft,
            by=reviewer,
            version=None,
            content_hash=draft.revision.content_hash,
            thread_head_id=draft.thread.head_id,
        )

    return {
        "submit": lambda d: review.submit(d, by=agent),
        "edit": lambda d: review.revise(d, by=reviewer, changes={"subject": "A"}, version=None),
        "agent edit": lambda d: review.revise(d, by=agent, changes={"subject": "B"}, version=None),
        "approve": approve_as_it_is,
        "reject": lambda d: review.reject(d, by=reviewer, words="No", version=None),
        "no reply needed": lambda d: review.no_reply_needed(d, by=reviewer, version=None),
        "request changes": lambda d: review.request_changes(
            d, by=reviewer, words="No", version=None
        ),
        "undo": lambda d: review.undo(d, by=reviewer),
        "withdraw": lambda d: review.withdraw(d, by=agent),
        "ask to send": lambda d: review.ask_to_send(d, by=agent),
    }


def everything() -> list[object]:
    """All that a deed could have changed."""
    return [
        list(rows.order_by("pk").values())
        for rows in (
            Draft.objects,
            DraftRevision.objects,
            Decision.objects,
            Delivery.objects,
            AuditEntry.objects,
            Event.objects,
        )
    ]


EVENTS = [
    "submit",
    "edit",
    "agent edit",
    "approve",
    "reject",
    "no reply needed",
    "request changes",
    "undo",
    "withdraw",
    "ask to send",
]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", STATES)
def test_only_what_the_table_of_states_allows_changes_anything(bring, events, state, event):
    draft = bring(state)
    before = everything()

    if after := LEGAL.get((state, event)):
        events[event](draft)
        draft.refresh_from_db()
        assert draft.status == after
        return
    with pytest.raises(MailAgentError):
        events[event](draft)
    assert everything() == before
