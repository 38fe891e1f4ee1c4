"""The desk: one draft beside its conversation."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.people import MemberRequest, member_required
from accounts.scope import Deed
from drafts import presence
from drafts.models import Decision, Draft, DraftFile, DraftRevision
from drafts.names import names_of
from drafts.pages.conversations import shown_messages
from drafts.pages.difference import word_difference
from drafts.review import REASONS
from drafts.sending import suppressed_recipients
from drafts.templatetags.mail import decided, people

# Shown elsewhere on the page, in words.
SHOWN_FACTS = {"llmReasoning", "confidence", "category"}


def find(request: MemberRequest, draft_id: UUID, deed: Deed = "read") -> Draft:
    """A draft in reach for `deed`, with what the desk shows of it. Else Http404."""
    drafts = Draft.objects.within(request.member_scope, deed).select_related(
        "revision", "inbox__workspace", "thread", "reply_to_message", "reviewer", "lease_holder",
        "message",
    )  # fmt: skip
    return get_object_or_404(drafts, pk=draft_id)


def desk_context(
    request: MemberRequest, draft: Draft, *, typed: dict[str, str] | None = None, problem: str = ""
) -> dict[str, Any]:
    """All that the desk shows. `typed` is what the editor holds where that is not yet saved."""
    revisions = list(draft.revisions.order_by("sequence"))
    decisions = list(draft.decisions.order_by("created_at"))
    actors = [r.author for r in revisions] + [d.decided_by for d in decisions]
    reaches = request.member_scope.reaches
    pending = draft.status == Draft.Status.PENDING
    return {
        **_state_context(request, draft),
        "revision": draft.revision,
        "offered": [r for r in revisions if r.offered],
        "record": _record(revisions, decisions),
        "names": names_of([*actors, draft.created_by, draft.decided_by]),
        "files": _files(draft),
        "typed": _as_stored(draft.revision) | (typed or {}),
        "problem": problem,
        "shown": shown_messages(draft.thread) if draft.thread else [],
        "viewers": presence.look(draft.pk, request.user),
        "may_review": reaches(draft.inbox.workspace_id, draft.inbox_id, "review"),
        "may_write": pending and reaches(draft.inbox.workspace_id, draft.inbox_id, "draft"),
        "reasons": REASONS,
        "reasoning": str(draft.metadata.get("llmReasoning", "")),
        "facts": [(k, v) for k, v in draft.metadata.items() if k not in SHOWN_FACTS],
    }


def _as_stored(revision: DraftRevision | None) -> dict[str, str]:
    """What the editor shows of a revision."""
    if revision is None:
        return {}
    return {
        "to": people(revision.to),
        "cc": people(revision.cc),
        "subject": revision.subject,
        "plain_body": revision.plain_body,
    }


def _files(draft: Draft) -> list[DraftFile]:
    if draft.revision is None or not draft.revision.file_ids:
        return []
    found = {file.pk: file for file in draft.files.defer("content", "sha256")}
    return [found[pk] for pk in draft.revision.file_ids if pk in found]


def _record(revisions: list[DraftRevision], decisions: list[Decision]) -> list[dict[str, Any]]:
    """Who wrote and decided what, oldest first."""
    moments: list[dict[str, Any]] = []
    for revision in revisions:
        said = "wrote it" if revision.sequence == 1 else "edited it"
        moments.append({
            "at": revision.created_at,
            "actor": revision.author,
            "said": "offered a text" if revision.offered else said,
            "content_hash": revision.content_hash,
        })  # fmt: skip
    for decision in decisions:
        moments.append({
            "at": decision.created_at,
            "actor": decision.decided_by,
            "said": decided(decision.kind),
            "words": decision.words,
            "content_hash": decision.content_hash,
        })  # fmt: skip
    return sorted(moments, key=_when)


def _when(moment: dict[str, Any]) -> datetime:
    at: datetime = moment["at"]
    return at


def _state_context(request: MemberRequest, draft: Draft) -> dict[str, Any]:
    """What stands above the desk, given what the page was made on (`content_hash`, `thread_head`;
    without them: the present)."""
    revision, head = draft.revision, draft.thread.head_id if draft.thread else None
    seen_hash, seen_head = request.GET.get("content_hash"), request.GET.get("thread_head")
    return {
        "draft": draft,
        "new_words": revision is not None and seen_hash not in (None, revision.content_hash),
        "new_mail": seen_head is not None and seen_head != str(head or ""),
        "suppressed": suppressed_recipients(draft) if draft.status == Draft.Status.PENDING else [],
        "now": timezone.now(),
    }


@member_required("read")
@require_GET
def desk(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """GET /drafts/<id>: the conversation, the draft in its editor, and the decision."""
    draft = find(request, draft_id)
    return render(request, "drafts/desk.html", desk_context(request, draft))


@member_required("read")
@require_GET
def state(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """GET /drafts/<id>/state?content_hash=&thread_head=: what happened to it since the page was
    made. The editor is never touched. `HX-Trigger: decided` when there is nothing left to write.
    """
    draft = find(request, draft_id)
    author = draft.revision.author if draft.revision else ""
    context = _state_context(request, draft) | {"names": names_of([draft.decided_by, author])}
    response = render(request, "drafts/_state.html", context)
    if draft.status != Draft.Status.PENDING:
        response["HX-Trigger"] = "decided"
    return response


@member_required("read")
@require_http_methods(["GET", "POST"])
def viewers(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """GET /drafts/<id>/viewers: who else has it before them; asking is being there. POST: gone."""
    draft = find(request, draft_id)
    if request.method == "POST":
        presence.leave(draft.pk, request.user)
        return HttpResponse(status=204)
    others = presence.look(draft.pk, request.user)
    return render(request, "drafts/_viewers.html", {"viewers": others})


@member_required("read")
@require_GET
def talk(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """GET /drafts/<id>/talk: the conversation beside the draft, as it is now."""
    draft = find(request, draft_id)
    shown = shown_messages(draft.thread) if draft.thread else []
    return render(request, "drafts/_talk.html", {"draft": draft, "shown": shown})


@member_required("read")
@require_GET
def difference(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """GET /drafts/<id>/difference: the agent's text against the present one, word by word."""
    draft = find(request, draft_id)
    first = draft.revisions.filter(offered=False).order_by("sequence").first()
    before = first.plain_body if first else ""
    after = draft.revision.plain_body if draft.revision else ""
    context = {
        "draft": draft,
        "pieces": word_difference(before, after),
        "unchanged": before == after,
    }
    fragment = request.headers.get("HX-Request")
    page = "drafts/_difference.html" if fragment else "drafts/difference.html"
    return render(request, page, context)
