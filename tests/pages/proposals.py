"""Drafts for the tests of pages: a customer wrote, an agent answered."""

from accounts.models import User
from accounts.scope import Scope
from drafts import review
from drafts.models import Draft
from inboxes.models import Inbox
from tests.inboxes.letters import arrive

ANSWER = "Hello Ann,\n\nPlease unplug the printer."


def propose(inbox: Inbox, number: int = 1, **given: str) -> Draft:
    """A draft that waits, in answer to mail `number`."""
    message = arrive(
        inbox,
        minutes=number,
        message_id=f"m{number}@customer.example",
        subject=f"My printer burns {number}",
        to=inbox.email,
    )
    return review.create(
        inbox,
        by="key:00000000-0000-0000-0000-000000000001",
        reply_to_message=message,
        **{"plain_body": ANSWER, **given},
    )


def approve(draft: Draft, by: User) -> Draft:
    """Approve it as it stands."""
    present = Draft.objects.select_related("revision", "thread", "inbox").get(pk=draft.pk)
    return review.approve(
        present,
        by=Scope.of_user(by),
        version=present.version,
        content_hash=present.revision.content_hash,
        thread_head_id=present.thread.head_id,
    )


def form_of(draft: Draft, **typed: str) -> dict[str, str]:
    """What the desk's form posts, with what was typed into it."""
    present = Draft.objects.select_related("revision", "thread").get(pk=draft.pk)
    return {
        "version": str(present.version),
        "content_hash": present.revision.content_hash,
        "thread_head": str(present.thread.head_id),
        "plain_body": present.revision.plain_body,
        **typed,
    }
