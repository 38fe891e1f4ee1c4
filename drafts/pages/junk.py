"""Junk: what scanners and people kept out of the conversations, and the way in and out."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.people import MemberRequest, member_required
from drafts.pages.reach import asked, ids_in, page_asked
from inboxes.findings import INFECTED, SPAM
from inboxes.marks import label_message
from inboxes.models import Folder, Inbox, Message

PAGE_SIZE = 50
MOVES = {
    "junk": ((SPAM,), (), "Moved to Junk."),
    "not junk": ((), (SPAM, INFECTED), "Moved to the inbox."),
}


def _kept_out(request: MemberRequest) -> QuerySet[Message]:
    """The Junk folders in reach, newest first."""
    messages = Message.objects.within(request.member_scope).listed(include_spam=True)
    if inbox := asked(request, "inbox"):
        messages = messages.filter(inbox__email=inbox)
    return messages.filter(entries__folder__role=Folder.Role.JUNK).order_by("-created_at", "-id")


def _moved(request: MemberRequest) -> QuerySet[Message]:
    """What this page has moved out: it stays in sight, so that it can be put back."""
    ids = [pk for each in request.GET.getlist("moved")[:PAGE_SIZE] for pk in ids_in(each)]
    reach = Message.objects.within(request.member_scope).listed()
    return reach.filter(pk__in=ids, direction=Message.Direction.INBOUND)


def _movable(request: MemberRequest, messages: Iterable[Message]) -> set[UUID]:
    reaches = request.member_scope.reaches
    return {
        message.pk
        for message in messages
        if reaches(message.inbox.workspace_id, message.inbox_id, "draft")
    }


@member_required("read")
@require_GET
def junk(request: MemberRequest) -> HttpResponse:
    """GET /junk: messages in Junk. A live fragment when htmx asks, with what was `moved` there."""
    number = page_asked(request)
    start = (number - 1) * PAGE_SIZE
    found = list(_kept_out(request).select_related("inbox")[start : start + PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    if request.GET.get("moved"):
        shown += _moved(request).select_related("inbox")
        shown.sort(key=lambda message: (message.created_at, message.pk), reverse=True)
    context: dict[str, Any] = {
        "messages_shown": shown,
        "number": number,
        "has_next": len(found) > PAGE_SIZE,
        "inboxes": Inbox.objects.within(request.member_scope).alive().order_by("email"),
        "asked": request.GET,
        "movable": _movable(request, shown),
        "now": timezone.now(),
    }
    fragment = request.headers.get("HX-Request")
    return render(request, "drafts/_junk.html" if fragment else "drafts/junk.html", context)


@member_required("draft")
@require_POST
def move(request: MemberRequest, message_id: UUID) -> HttpResponse:
    """POST /messages/<id>/junk, `what` = junk | not junk: the row as it is then, or back to where
    the form stood. What is there already stays."""
    messages = Message.objects.within(request.member_scope, "draft").filter(trashed_at=None)
    inbound = messages.filter(direction=Message.Direction.INBOUND).select_related("inbox")
    message = get_object_or_404(inbound, pk=message_id)
    if (what := request.POST.get("what", "")) not in MOVES:
        raise Http404
    add, remove, said = MOVES[what]
    label_message(message, add=add, remove=remove)
    if request.headers.get("HX-Request"):
        context = {"message": message, "movable": {message.pk}, "now": timezone.now()}
        return render(request, "drafts/_junk_row.html", context)
    notes.success(request, said)
    if request.POST.get("from") == "junk":
        return HttpResponseRedirect(reverse("junk"))
    return HttpResponseRedirect(reverse("message", args=[message.pk]))
