"""A customer's mail, an agent and a draft of theirs, and people who may decide."""

import pytest

from accounts.scope import Scope
from drafts import review
from drafts.models import Draft
from inboxes.models import Inbox, Message
from tests.drafts.mail import agent_of, receive, scope_of


@pytest.fixture
def received(inbox: Inbox) -> Message:
    return receive(inbox)


@pytest.fixture
def agent(inbox: Inbox) -> Scope:
    """A key with every permission that a key can have."""
    return agent_of(inbox)


@pytest.fixture
def reviewer(alice) -> Scope:
    return scope_of(alice)


@pytest.fixture
def other_reviewer(bob) -> Scope:
    return scope_of(bob)


@pytest.fixture
def draft(inbox: Inbox, agent: Scope, received: Message) -> Draft:
    """A pending reply by the agent."""
    return review.create(
        inbox, by=agent, reply_to_message=received, plain_body="It is on its way.\n"
    )


@pytest.fixture
def approve(reviewer: Scope):
    """Approve a draft as it is now: by Alice, unless another scope is given."""

    def act(draft: Draft, by: Scope = reviewer, **facts) -> Draft:
        now = Draft.objects.select_related("revision", "thread").get(pk=draft.pk)
        seen = {
            "version": now.version,
            "content_hash": now.revision.content_hash,
            "thread_head_id": now.thread.head_id if now.thread else None,
        }
        return review.approve(draft, by=by, **(seen | facts))

    return act
