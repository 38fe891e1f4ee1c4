"""The desk: one draft beside its conversation, and the decision on it."""

import difflib
from typing import Any

from django.contrib import messages as notes
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.people import MemberRequest, member_required
from drafts import review
from drafts.content import Given, read_addresses
from drafts.models import Draft, DraftRevision
from drafts.names import names_of
from drafts.pages.conversations import shown_messages
from drafts.pages.queue import for_rows, waiting
from drafts.refusals import DraftRefusal, VersionConflict
from events.errors import MailAgentError

REASONS = (
    ("wrong_facts", "Wrong facts"),
    ("wrong_tone", "Wrong tone"),
    ("incomplete", "Incomplete"),
    ("off_topic", "Not what was asked"),
    ("policy", "Against our policy"),
    ("unknowable", "The agent could not have known"),
)


def _find(request: MemberRequest, draft_id: Any, deed: Any = "read") -> Draft:
    drafts = Draft.objects.within(request.scope, deed).select_related(
        "revision", "inbox__workspace", "thread", "reply_to_message", "reviewer", "lease_holder",
        "message",
    )  # fmt: skip
    return get_object_or_404(drafts, pk=draft_id)


def _context(request: MemberRequest, draft: Draft) -> dict[str, Any]:
    revisions = list(draft.revisions.order_by("sequence"))
    decisions = list(draft.decisions.select_related("revision").order_by("created_at"))
    actors = [r.author for r in revisions] + [d.decided_by for d in decisions]
    first = next((r for r in revisions if not r.offered), None)
    return {
        "draft": draft,
        "revision": draft.revision,
        "first": first,
        "revisions": revisions,
        "offered": [r for r in revisions if r.offered],
        "decisions": decisions,
        "names": names_of([*actors, draft.created_by, draft.decided_by]),
        "shown": shown_messages(draft.thread) if draft.thread else [],
        "may_review": request.scope.reaches(draft.inbox.workspace_id, draft.inbox_id, "review"),
        "reasons": REASONS,
        "reasoning": str(draft.metadata.get("llmReasoning", "")),
        "facts": [(k, v) for k, v in draft.metadata.items() if k not in {"llmReasoning"}],
        "now": timezone.now(),
    }


@member_required("read")
@require_GET
def desk(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """GET /drafts/<id>: the conversation, the draft in its editor, and the decision."""
    draft = _find(request, draft_id)
    return render(request, "drafts/desk.html", _context(request, draft))


@member_required("read")
@require_GET
def state(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """GET /drafts/<id>/state?version=: what others did to it since; never touches the editor."""
    draft = _find(request, draft_id)
    seen = request.GET.get("version", "")
    context = {
        "draft": draft,
        "names": names_of([draft.decided_by, draft.revision.author if draft.revision else ""]),
        "changed": seen.isdecimal() and int(seen) != draft.version,
        "seen": seen,
        "now": timezone.now(),
    }
    return render(request, "drafts/_state.html", context)


@member_required("read")
@require_GET
def talk(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """GET /drafts/<id>/talk: the conversation beside the draft, as it is now."""
    draft = _find(request, draft_id)
    shown = shown_messages(draft.thread) if draft.thread else []
    return render(request, "drafts/_talk.html", {"draft": draft, "shown": shown})


def _written(request: MemberRequest, revision: DraftRevision) -> Given:
    """What the editor holds and differs from `revision`. The editor writes the text part."""
    form = request.POST
    given: Given = {}
    for name in ("to", "cc"):
        if name in form:
            addresses = read_addresses(name, form[name])
            stored = [{"name": a.name, "address": a.addr_spec} for a in addresses]
            if stored != getattr(revision, name):
                given[name] = addresses  # type: ignore[literal-required]
    if "subject" in form and form["subject"] != revision.subject:
        given["subject"] = form["subject"]
    if "plain_body" in form:
        text = form["plain_body"].replace("\r\n", "\n")
        if text.rstrip() != revision.plain_body.rstrip():
            given["plain_body"] = text
            given["html_body"] = ""  # derived from the text again: both say the same
    return given


def _version(request: MemberRequest) -> int | None:
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() else None


def _save(request: MemberRequest, draft: Draft) -> Draft:
    """The editor's text as a new revision by this person, if it differs."""
    assert draft.revision is not None  # noqa: S101 - a draft has one from its creation
    given = _written(request, draft.revision)
    if not given:
        if _version(request) not in (None, draft.version):
            raise VersionConflict(draft)
        return draft
    return review.revise(draft, by=request.scope, changes=given, version=_version(request))


def _conflict(request: MemberRequest, draft: Draft, refusal: MailAgentError) -> HttpResponse:
    """Losing a race is no error page: both texts and three choices."""
    draft = _find(request, draft.pk)
    context = _context(request, draft) | {
        "refusal": refusal,
        "mine": request.POST.get("plain_body", "").replace("\r\n", "\n"),
    }
    fragment = request.headers.get("HX-Request")
    page = "drafts/_conflict.html" if fragment else "drafts/conflict.html"
    return render(request, page, context, status=200 if fragment else 409)


@member_required("draft")
@require_POST
def edit(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """POST /drafts/<id>/edit: save. For htmx (autosave) the sign and the new version, else back."""
    draft = _find(request, draft_id, "draft")
    try:
        draft = _save(request, draft)
    except MailAgentError as refusal:
        return _conflict(request, draft, refusal)
    if request.headers.get("HX-Request"):
        context = {"draft": draft, "revision": draft.revision, "now": timezone.now()}
        return render(request, "drafts/_saved.html", context)
    notes.success(request, "Saved.")
    return HttpResponseRedirect(reverse("draft", args=[draft.pk]))


@member_required("review")
@require_POST
def approve(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """POST /drafts/<id>/approve: save what the editor holds, and let exactly that out."""
    draft = _find(request, draft_id, "review")
    seen = request.POST.get("content_hash", "")
    head = request.POST.get("thread_head", "") or None
    try:
        with transaction.atomic():
            saved = _save(request, draft)
            assert saved.revision is not None  # noqa: S101
            edited = saved.version != draft.version
            approved = review.approve(
                saved,
                by=request.scope,
                version=saved.version,
                content_hash=saved.revision.content_hash if edited else seen,
                thread_head_id=head,
                reading_seconds=_seconds(request),
            )
    except MailAgentError as refusal:
        return _conflict(request, draft, refusal)
    hold = approved.hold_until
    held = (
        f" It leaves in {max(0, int((hold - timezone.now()).total_seconds()))} s." if hold else ""
    )
    notes.success(request, f"Approved.{held}")
    return _onward(request, draft)


def _decide(request: MemberRequest, draft_id: Any, deed: Any, said: str) -> HttpResponse:
    draft = _find(request, draft_id, "review")
    try:
        deed(
            draft,
            by=request.scope,
            reasons=[r for r in request.POST.getlist("reasons") if r in dict(REASONS)],
            words=request.POST.get("words", "").strip()[:4000],
            version=_version(request),
        )
    except MailAgentError as refusal:
        return _conflict(request, draft, refusal)
    notes.success(request, said)
    return _onward(request, draft)


@member_required("review")
@require_POST
def reject(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """POST /drafts/<id>/reject"""
    return _decide(request, draft_id, review.reject, "Rejected. The agent is told why.")


@member_required("review")
@require_POST
def request_changes(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """POST /drafts/<id>/request-changes, with words or a reason."""
    return _decide(request, draft_id, review.request_changes, "Sent back to the agent.")


@member_required("review")
@require_POST
def no_reply(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """POST /drafts/<id>/no-reply"""
    return _decide(request, draft_id, review.no_reply_needed, "Closed: no reply is needed.")


@member_required("review")
@require_POST
def undo(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """POST /drafts/<id>/undo: back to pending, while nothing has left."""
    draft = _find(request, draft_id, "review")
    try:
        review.undo(draft, by=request.scope)
    except MailAgentError as refusal:
        notes.warning(request, refusal.sentence)
        return HttpResponseRedirect(reverse("outbox"))
    notes.success(request, "Taken back. Nothing was sent.")
    return HttpResponseRedirect(reverse("draft", args=[draft.pk]))


@member_required("draft")
@require_POST
def lease(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """POST /drafts/<id>/lease: "I am editing this"; `take_over=1` takes it from somebody."""
    draft = _find(request, draft_id, "draft")
    try:
        take_over = bool(request.POST.get("take_over"))
        review.take_lease(draft, by=request.scope, take_over=take_over)
    except DraftRefusal as refusal:
        return render(request, "drafts/_lease.html", {"refusal": refusal, "draft": draft})
    return render(request, "drafts/_lease.html", {"draft": draft})


@member_required("read")
@require_GET
def difference(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """GET /drafts/<id>/difference: the agent's text against the present one, word by word."""
    draft = _find(request, draft_id)
    first = draft.revisions.filter(offered=False).order_by("sequence").first()
    now = draft.revision.plain_body if draft.revision else ""
    pieces = word_difference(first.plain_body if first else "", now)
    return render(request, "drafts/_difference.html", {"pieces": pieces})


def word_difference(before: str, after: str) -> list[tuple[str, str]]:
    """(`same` | `removed` | `added`, text) pieces that show how `before` became `after`."""
    old, new = _words(before), _words(after)
    pieces: list[tuple[str, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(old[a:b])))
            continue
        if b > a:
            pieces.append(("removed", "".join(old[a:b])))
        if d > c:
            pieces.append(("added", "".join(new[c:d])))
    return pieces


WORD_LIMIT = 4000  # a difference over more words than this compares whole lines


def _words(text: str) -> list[str]:
    words = [piece for line in text.splitlines(keepends=True) for piece in _split(line)]
    return words if len(words) <= WORD_LIMIT else text.splitlines(keepends=True)


def _split(line: str) -> list[str]:
    pieces: list[str] = []
    for word in line.split(" "):
        pieces += [" ", word] if pieces else [word]
    return [piece for piece in pieces if piece]


def _seconds(request: MemberRequest) -> int | None:
    given = request.POST.get("reading_seconds", "")
    return min(int(given), 86400) if given.isdecimal() else None


def _onward(request: MemberRequest, draft: Draft) -> HttpResponseRedirect:
    """To the next draft that waits, else to the queue."""
    following = (
        for_rows(waiting(request.scope))
        .exclude(pk=draft.pk)
        .order_by("created_at", "id")
        .values_list("pk", flat=True)
        .first()
    )
    if request.POST.get("onward") == "next" and following:
        return HttpResponseRedirect(reverse("draft", args=[following]))
    return HttpResponseRedirect(reverse("queue"))
