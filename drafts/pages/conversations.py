"""Conversations: every thread one may see, and each message's whole story."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.people import MemberRequest, member_required
from drafts.models import Draft
from drafts.names import names_of
from drafts.pages.reach import asked, page_asked
from inboxes.models import Inbox, Message, Thread
from inboxes.quotes import Fragment, fold_quotes
from inboxes.search import search
from outbound.models import Delivery
from tracking.models import Hit

PAGE_SIZE = 50
MOST_REPORTS = 50
MOST_HITS = 200  # of one message, on its timeline


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the conversation shows it: its text in fragments, quotes to be folded."""

    message: Message
    fragments: list[Fragment]


def _of_interest(thread: Thread) -> Q:
    """Not what is in Junk, unless there is nothing else."""
    return Q() if thread.message_count == 0 else Q(is_spam=False)


def shown_messages(thread: Thread) -> list[Shown]:
    """The conversation, oldest first. A constant number of queries."""
    messages = (
        thread.messages.filter(_of_interest(thread), trashed_at=None)
        .exclude(status=Message.Status.CANCELLED)
        .defer("search", "search_names", "visible_text")
        .prefetch_related(
            "attachments", Prefetch("deliveries", Delivery.objects.order_by("rcpt_to"))
        )
        .order_by("created_at", "id")
    )
    return [Shown(message, fold_quotes(message.plain_body)) for message in messages]


def _threads(request: MemberRequest) -> QuerySet[Thread]:
    threads = Thread.objects.within(request.member_scope).listed()
    if inbox := asked(request, "inbox"):
        threads = threads.filter(inbox__email=inbox)
    if (status := asked(request, "status")) in Thread.Status.values:
        threads = threads.filter(status=status)
    if words := asked(request, "q"):
        found = search(Message.objects.within(request.member_scope), words).values("thread_id")
        threads = threads.filter(pk__in=found)
    return threads.select_related("inbox").order_by("-last_message_at", "-id")


@member_required("read")
@require_GET
def conversations(request: MemberRequest) -> HttpResponse:
    """GET /conversations: threads, newest activity first. A live fragment when htmx asks."""
    # One more than a page is read instead of counting: a million threads are not counted here.
    number = page_asked(request)
    start = (number - 1) * PAGE_SIZE
    threads = list(_threads(request)[start : start + PAGE_SIZE + 1])
    context = {
        "threads": threads[:PAGE_SIZE],
        "number": number,
        "has_next": len(threads) > PAGE_SIZE,
        "inboxes": Inbox.objects.within(request.member_scope).alive().order_by("email"),
        "asked": request.GET,
        "statuses": Thread.Status.choices,
        "now": timezone.now(),
    }
    fragment = request.headers.get("HX-Target") == "threads"
    template = "drafts/_threads.html" if fragment else "drafts/conversations.html"
    return render(request, template, context)


@member_required("read")
@require_GET
def conversation(request: MemberRequest, thread_id: UUID) -> HttpResponse:
    """GET /conversations/<id>: one thread with its drafts."""
    threads = Thread.objects.within(request.member_scope).select_related("inbox", "merged_into")
    thread = get_object_or_404(threads, pk=thread_id)
    drafts = thread.drafts.select_related("revision").order_by("created_at")
    context = {
        "thread": thread,
        "shown": shown_messages(thread),
        "drafts": drafts,
        "names": names_of(draft.decided_by for draft in drafts),
        "now": timezone.now(),
    }
    fragment = request.headers.get("HX-Request")
    page = "drafts/_conversation.html" if fragment else "drafts/conversation.html"
    return render(request, page, context)


@member_required("read")
@require_GET
def message(request: MemberRequest, message_id: UUID) -> HttpResponse:
    """GET /messages/<id>: what it says, and everything that happened to it, in order."""
    messages = Message.objects.within(request.member_scope).select_related("inbox", "thread")
    found = get_object_or_404(messages, pk=message_id)
    draft = (
        Draft.objects.filter(message=found)
        .prefetch_related("revisions", "decisions__revision")
        .first()
    )
    deliveries = found.deliveries.prefetch_related("attempt_log").order_by("rcpt_to")
    context = {
        "message": found,
        "fragments": fold_quotes(found.plain_body),
        "draft": draft,
        "timeline": _timeline(found, draft, list(deliveries), _hits(found)),
        "deliveries": deliveries,
        "attachments": found.attachments.all(),
        "may_move": request.member_scope.reaches(found.inbox.workspace_id, found.inbox_id, "draft"),
        "now": timezone.now(),
    }
    fragment = request.headers.get("HX-Target") == "timeline"
    page = "drafts/_timeline.html" if fragment else "drafts/message.html"
    return render(request, page, context)


def _hits(message: Message) -> list[Hit]:
    """The first of its opens and clicks."""
    hits = Hit.objects.filter(message=message).select_related("link")
    return list(hits.order_by("at", "id")[:MOST_HITS])


def _timeline(
    message: Message, draft: Draft | None, deliveries: list[Delivery], hits: list[Hit]
) -> list[dict[str, Any]]:
    """Revisions, decisions, attempts, opens and clicks as one list of moments, oldest first."""
    moments: list[dict[str, Any]] = []
    actors: list[str] = []
    if message.is_inbound:
        moments.append({"at": message.received_at, "kind": "received", "message": message})
    if draft is not None:
        for revision in draft.revisions.all():
            actors.append(revision.author)
            moments.append({"at": revision.created_at, "kind": "revision", "revision": revision,
                            "actor": revision.author})  # fmt: skip
        for decision in draft.decisions.all():
            actors.append(decision.decided_by)
            moments.append({"at": decision.created_at, "kind": "decision", "decision": decision,
                            "actor": decision.decided_by})  # fmt: skip
    for delivery in deliveries:
        moments += [
            {"at": attempt.ended_at, "kind": "attempt", "attempt": attempt, "delivery": delivery}
            for attempt in delivery.attempt_log.all()
        ]
    moments += [{"at": hit.at, "kind": "hit", "hit": hit} for hit in hits]
    # What the session itself refused stands there already, as an attempt.
    reports = message.delivery_reports.exclude(source="smtp").defer("octets")
    moments += [
        {"at": report.created_at, "kind": "report", "report": report}
        for report in reports.order_by("created_at")[:MOST_REPORTS]
    ]
    names = names_of(actors)
    for moment in moments:
        moment["name"] = names.get(moment.get("actor", ""), "")
    return sorted(moments, key=lambda moment: moment["at"])
