"""`send` and `reply`: a draft and the policy's decision on it, in one transaction."""

from typing import Unpack

from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from drafts import policy
from drafts.content import Given
from drafts.leases import held_by_person
from drafts.models import Draft
from drafts.record import load_with_thread, lock_thread
from drafts.review import SendOutcome, ask_to_send, create
from drafts.superseding import supersede
from inboxes.models import Inbox, Message


@transaction.atomic
def send_directly(
    inbox: Inbox,
    *,
    by: Scope,
    reply_to_message: Message | None = None,
    to_everyone: bool = False,
    verified: bool = False,
    **given: Unpack[Given],
) -> SendOutcome:
    """Write a mail and ask for it to leave. Refused as a whole, or not at all.

    A person's draft on the thread is not gone round: the words are kept aside there, as an offer.
    Who names the message that they answer has looked at the thread: `force`. Raises what
    `create` and `ask_to_send` raise.
    """
    if reply_to_message is not None:
        _make_way(inbox, reply_to_message, by)
    draft = create(
        inbox,
        by=by,
        reply_to_message=reply_to_message,
        to_everyone=to_everyone,
        submit=False,
        **given,
    )
    if draft.revision is None or draft.revision.author != by.actor:
        return SendOutcome("pending_review", 202, draft, None)
    return ask_to_send(draft, by=by, force=True, verified=verified)


def _make_way(inbox: Inbox, parent: Message, by: Scope) -> None:
    """Another agent's draft that no person has in hand is superseded by a reply that may go."""
    if not policy.lets_agents_send(inbox, by=by):
        return
    lock_thread(parent.thread_id)
    found = Draft.objects.filter(
        thread=parent.thread_id, status__in=Draft.UNDECIDED, edited_by_person=False
    ).exclude(created_by=by.actor)
    for pk in found.values_list("pk", flat=True):
        draft = load_with_thread(pk)
        if not held_by_person(draft, timezone.now()):
            supersede(draft, when=[*Draft.UNDECIDED], by=by.actor)
