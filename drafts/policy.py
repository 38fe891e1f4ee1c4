"""Who decides on a draft that its agent wants sent: a policy, or a person."""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import Workspace
from accounts.scope import Scope
from drafts.content import addresses, folded
from drafts.loops import suspect_loop
from drafts.models import Draft
from inboxes.addresses import base_address
from inboxes.models import Address, Inbox, Message
from outbound import pauses

# The version of what is stated here; a decision names it. It grows when the rules change.
VERSION = "1"
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Ruling:
    """Send it, or leave it to a person, and why. `decided_by` names the rule and its version."""

    send: bool
    decided_by: str
    reason: str = ""

    @property
    def version(self) -> str:
        return self.decided_by.removeprefix("policy:")


def rule(draft: Draft, *, by: Scope) -> Ruling:
    """Decide whether `draft` may leave without a person. The thread is locked by the caller.

    May find a loop, and then says so in the event log and restricts the thread.
    """
    mode = draft.inbox.review_mode
    decided_by = f"policy:inbox-{mode}/{VERSION}"
    if mode == Inbox.ReviewMode.REQUIRED:
        return Ruling(False, decided_by, "This inbox has a person look at every draft.")
    if mode == Inbox.ReviewMode.POLICY:
        return Ruling(False, decided_by, "No rule lets it go: the last rule is review.")
    if not by.reaches(draft.inbox.workspace_id, draft.inbox_id, "send"):
        return Ruling(False, decided_by, "The key may propose, and not send.")
    if objection := next(_objections(draft), ""):
        return Ruling(False, decided_by, objection[:LONGEST_REASON])
    return Ruling(True, decided_by)


def lets_agents_send(inbox: Inbox, *, by: Scope) -> bool:
    """True when this inbox has agents send, before anything is known of the mail."""
    is_off = inbox.review_mode == Inbox.ReviewMode.OFF
    return is_off and by.reaches(inbox.workspace_id, inbox.pk, "send")


def _objections(draft: Draft) -> Iterator[str]:
    """What no rule can overrule: nothing is sent automatically then. Cheapest first."""
    if not Workspace.objects.get(pk=draft.inbox.workspace_id).automatic_sending:
        yield "Automatic sending is switched off in this workspace."
    yield from pauses.objections(draft.inbox)
    if draft.thread is not None and draft.thread.drafts_only:
        yield "A mail loop was suspected on this thread."
    if parent := answered(draft):
        yield from _objections_to(parent)
    if draft.thread is not None and draft.revision is not None:
        correspondents = folded(addresses([*draft.revision.to, *draft.revision.cc]))
        if loop := suspect_loop(draft.inbox, draft.thread, correspondents):
            yield f"A mail loop is suspected: {loop}."


def _objections_to(parent: Message) -> Iterator[str]:
    if parent.is_automated:
        yield "It answers an automatic message."
    if str(parent.authentication.get("dmarc", "")).lower() == "fail":
        yield "The sender of the message could not be authenticated."
    sender = {parent.header_from, base_address(parent.header_from)}
    if Address.objects.filter(address__in=sender).exists():
        yield "It answers a mail from an inbox of ours."


def answered(draft: Draft) -> Message | None:
    """The inbound message that the draft answers: the one named, else the thread's newest."""
    named = draft.reply_to_message
    if named is not None and named.is_inbound:
        return named
    if draft.thread_id is None:
        return None
    inbound = Message.objects.filter(
        thread=draft.thread_id, direction=Message.Direction.INBOUND, is_spam=False
    )
    return inbound.order_by("-created_at", "-id").first()
