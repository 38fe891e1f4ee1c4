"""What a person does at the desk: save, decide, take in hand. All work without JavaScript too."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.people import MemberRequest, member_required
from drafts import review
from drafts.content import Given, mailboxes, read_addresses
from drafts.models import Draft, DraftRevision
from drafts.pages.desk import desk_context, find
from drafts.record import load_with_thread
from drafts.refusals import DraftNotPending, DraftRefusal, VersionConflict
from events.errors import MailAgentError

FIELDS = ("to", "cc", "subject", "plain_body")
WORDS_LIMIT = 4000


def _typed(request: MemberRequest) -> dict[str, str]:
    """What the editor held, lines ended as we store them."""
    form = request.POST
    return {name: form[name].replace("\r\n", "\n") for name in FIELDS if name in form}


def _changes(typed: dict[str, str], revision: DraftRevision) -> Given:
    """What differs from `revision`. The editor writes the text; the HTML is then made of it."""
    given: Given = {}
    if "to" in typed:
        to = read_addresses("to", typed["to"])
        if mailboxes(to) != revision.to:
            given["to"] = to
    if "cc" in typed:
        cc = read_addresses("cc", typed["cc"])
        if mailboxes(cc) != revision.cc:
            given["cc"] = cc
    if "subject" in typed and typed["subject"] != revision.subject:
        given["subject"] = typed["subject"]
    if "plain_body" in typed and typed["plain_body"].rstrip() != revision.plain_body.rstrip():
        given["plain_body"] = typed["plain_body"]
    return given


@transaction.atomic
def _save(request: MemberRequest, draft_id: UUID) -> Draft:
    """The editor's text as a new revision by this person, if it differs.

    What must not have changed since is the text that the editor began with: a draft that only
    became stale meanwhile takes the edit, and stays stale. Raises DraftNotPending, VersionConflict.
    """
    present = load_with_thread(draft_id)
    if present.status != Draft.Status.PENDING:
        raise DraftNotPending(present)
    revision = present.revision
    assert revision is not None  # noqa: S101 - a draft has one from its creation
    typed = _typed(request)
    if request.POST.get("content_hash") != revision.content_hash:
        raise VersionConflict(present)
    given = _changes(typed, revision)
    if not given:
        return present
    head = str(present.thread.head_id) if present.thread else ""
    # Naming the version says that the newest message was seen, too.
    up_to_date = not present.stale or request.POST.get("thread_head") == head
    version = present.version if up_to_date else None
    return review.revise(present, by=request.member_scope, changes=given, version=version)


def _refused(request: MemberRequest, draft_id: UUID, refusal: MailAgentError) -> HttpResponse:
    """Losing a race is no error page: both texts and three choices. What was merely written wrong
    is told beside the text as it was typed."""
    draft = find(request, draft_id)
    fragment = bool(request.headers.get("HX-Request"))
    typed = _typed(request)
    if not isinstance(refusal, DraftRefusal):
        if fragment:
            return render(request, "drafts/_unsaved.html", {"refusal": refusal})
        context = desk_context(request, draft, typed=typed, problem=refusal.sentence)
        return render(request, "drafts/desk.html", context, status=422)
    revision = draft.revision
    there = revision.plain_body.rstrip() if revision else ""
    context = {
        "draft": draft,
        "revision": revision,
        "refusal": refusal,
        "mine": typed,
        "seen_head": request.POST.get("thread_head", ""),
        "differs": typed.get("plain_body", there).rstrip() != there,
    }
    page = "drafts/_conflict.html" if fragment else "drafts/conflict.html"
    response = render(request, page, context, status=200 if fragment else 409)
    if fragment:
        response["HX-Retarget"] = "#conflict-place"
        response["HX-Reswap"] = "innerHTML"
    return response


@member_required("draft")
@require_POST
def edit(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """POST /drafts/<id>/edit: save. For htmx (autosave) the sign and the new version, else back."""
    find(request, draft_id, "draft")
    try:
        draft = _save(request, draft_id)
    except MailAgentError as refusal:
        return _refused(request, draft_id, refusal)
    if request.headers.get("HX-Request"):
        _keep_in_hand(request, draft)
        context = {"draft": draft, "revision": draft.revision, "now": timezone.now()}
        return render(request, "drafts/_saved.html", context)
    notes.success(request, "Saved.")
    return HttpResponseRedirect(reverse("draft", args=[draft.pk]))


def _keep_in_hand(request: MemberRequest, draft: Draft) -> None:
    """Who writes has the draft in hand, unless somebody else has."""
    try:
        review.take_lease(draft, by=request.member_scope)
    except DraftRefusal:
        return


@member_required("review")
@require_POST
def approve(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """POST /drafts/<id>/approve: save what the editor holds, and let exactly that out."""
    find(request, draft_id, "review")
    try:
        with transaction.atomic():
            saved = _save(request, draft_id)
            assert saved.revision is not None  # noqa: S101
            approved = review.approve(
                saved,
                by=request.member_scope,
                version=saved.version,
                content_hash=saved.revision.content_hash,
                thread_head_id=_head(request),
                reading_seconds=_seconds(request),
            )
    except MailAgentError as refusal:
        return _refused(request, draft_id, refusal)
    if not approved.hold_until or approved.hold_until <= timezone.now():
        notes.success(request, "Approved. It is leaving.")  # else the held strip says so
    return HttpResponseRedirect(reverse("queue"))


def _decide(
    request: MemberRequest, draft_id: UUID, deed: Callable[..., Draft], said: str
) -> HttpResponse:
    draft = find(request, draft_id, "review")
    try:
        deed(
            draft,
            by=request.member_scope,
            reasons=[r for r in request.POST.getlist("reasons") if r in review.REASONS],
            words=request.POST.get("words", "").replace("\0", "").strip()[:WORDS_LIMIT],
            version=_version(request, draft),
        )
    except MailAgentError as refusal:
        return _refused(request, draft_id, refusal)
    notes.success(request, said)
    return HttpResponseRedirect(reverse("queue"))


def _version(request: MemberRequest, draft: Draft) -> int | None:
    """The version that a decision is on: the present one while the words are those that were seen,
    for a draft that only became stale meanwhile can be closed all the same."""
    if draft.revision and request.POST.get("content_hash") == draft.revision.content_hash:
        return draft.version
    given = request.POST.get("version", "")
    return int(given[:9]) if given.isdecimal() else 0


@member_required("review")
@require_POST
def reject(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """POST /drafts/<id>/reject, with words or a reason."""
    return _decide(request, draft_id, review.reject, "Rejected. The agent is told why.")


@member_required("review")
@require_POST
def request_changes(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """POST /drafts/<id>/request-changes, with words or a reason."""
    return _decide(request, draft_id, review.request_changes, "Sent back to the agent.")


@member_required("review")
@require_POST
def no_reply(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """POST /drafts/<id>/no-reply"""
    return _decide(request, draft_id, review.no_reply_needed, "Closed: no reply is needed.")


@member_required("review")
@require_POST
def undo(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """POST /drafts/<id>/undo: back to pending, while nothing has left."""
    draft = find(request, draft_id, "review")
    try:
        review.undo(draft, by=request.member_scope)
    except MailAgentError as refusal:
        notes.warning(request, refusal.sentence)
        return HttpResponseRedirect(reverse("outbox"))
    notes.success(request, "Taken back. Nothing was sent.")
    return HttpResponseRedirect(reverse("draft", args=[draft.pk]))


@member_required("draft")
@require_POST
def lease(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """POST /drafts/<id>/lease: "I am editing this". `take_over=1` takes it out of another's hands,
    `release=1` lets go."""
    draft = find(request, draft_id, "draft")
    context: dict[str, Any] = {"draft": draft}
    try:
        if request.POST.get("release"):
            review.release_lease(draft, by=request.member_scope)
            return HttpResponse(status=204)
        review.take_lease(
            draft, by=request.member_scope, take_over=bool(request.POST.get("take_over"))
        )
    except DraftRefusal as refusal:
        context["refusal"] = refusal
    return render(request, "drafts/_lease.html", context)


def _head(request: MemberRequest) -> UUID | None:
    """The newest message that the page showed. What is no id names no message."""
    given = request.POST.get("thread_head", "")
    try:
        return UUID(given) if given else None
    except ValueError:
        return UUID(int=0)


def _seconds(request: MemberRequest) -> int | None:
    given = request.POST.get("reading_seconds", "")[:9]
    return min(int(given), 86400) if given.isascii() and given.isdecimal() else None
