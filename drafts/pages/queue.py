"""The queue: every draft that waits for a person, and what is held after approval."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from accounts.people import MemberRequest, member_required
from drafts.models import Draft
from drafts.names import names_of
from drafts.pages.reach import asked, for_rows, ids_in, waiting
from inboxes.models import Inbox

PAGE_SIZE = 50
MOST_HELD = 20
SORTS = {"oldest": ("created_at", "id"), "newest": ("-created_at", "-id"),
         "unsure": ("confidence", "created_at", "id")}  # fmt: skip
Status = Draft.Status


def _filtered(request: MemberRequest) -> QuerySet[Draft]:
    drafts = waiting(request.member_scope)
    if inbox := asked(request, "inbox"):
        drafts = drafts.filter(inbox__email=inbox)
    if category := asked(request, "category"):
        drafts = drafts.filter(category=category)
    if words := asked(request, "q"):
        drafts = drafts.filter(
            Q(revision__subject__icontains=words)
            | Q(revision__plain_body__icontains=words)
            | Q(reply_to_message__header_from__icontains=words)
            | Q(reply_to_message__from_name__icontains=words)
        )
    return drafts


def _page(request: MemberRequest) -> Page[Draft]:
    """One page of the queue. The ids are found first: rows are wide, and most are not shown."""
    order = SORTS.get(request.GET.get("sort", ""), SORTS["oldest"])
    found = _filtered(request).order_by(*order).only("pk")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    ids = [draft.pk for draft in page.object_list]
    page.object_list = list(for_rows(Draft.objects.filter(pk__in=ids)).order_by(*order))
    return page


def _held(request: MemberRequest, watched: Iterable[UUID] = ()) -> list[Draft]:
    """What may still be undone, soonest first, and what became of those that were `watched`."""
    drafts = Draft.objects.within(request.member_scope)
    can_be_undone = drafts.filter(status=Status.APPROVED, hold_until__gt=timezone.now())
    # Two queries: each has its index, and both together would have none.
    ids = [*can_be_undone.order_by("hold_until").values_list("pk", flat=True)[:MOST_HELD]]
    ids += [pk for pk in watched if pk not in ids]
    found = for_rows(drafts.filter(pk__in=ids[: 2 * MOST_HELD]))
    return list(found.exclude(hold_until=None).order_by("hold_until")) if ids else []


@member_required("read")
@require_GET
def queue(request: MemberRequest) -> HttpResponse:
    """GET /: the page. Its list changes only when the reader asks (`news`)."""
    now = timezone.now()
    facets = (
        waiting(request.member_scope)
        .values("category")
        .annotate(total=Count("pk"))
        .order_by("category")
    )
    context: dict[str, Any] = {
        "page": _page(request),
        "held": _held(request),
        "may_review": request.member_scope.may("review"),
        "facets": [facet for facet in facets if facet["category"]],
        "inboxes": Inbox.objects.within(request.member_scope).alive().order_by("email"),
        "asked": request.GET,
        "seen_at": now.isoformat(),
        "now": now,
    }
    return render(request, "drafts/queue.html", context)


@member_required("read")
@require_GET
def rows(request: MemberRequest) -> HttpResponse:
    """GET /queue/rows: the list, and how long it is, when the reader asks for what is new."""
    now = timezone.now()
    context = {"page": _page(request), "seen_at": now.isoformat(), "asked": request.GET, "now": now}
    return render(request, "drafts/_rows.html", context | {"renewed": True})


@member_required("read")
@require_GET
def news(request: MemberRequest) -> HttpResponse:
    """GET /queue/news?seen=<time>&shown=<ids>: how many came since, as a button; never pushed into
    the list. What people edit is no news; what an agent wrote anew, or sent back, is.
    """
    seen = _time(request.GET.get("seen", ""))
    by_an_agent = Q(updated_at__gt=seen, edited_by_person=False)
    came_back = Q(updated_at__gt=seen, reviewer__isnull=False)
    fresh = _filtered(request).filter(Q(created_at__gt=seen) | by_an_agent | came_back)
    fresh = fresh.exclude(pk__in=ids_in(request.GET.get("shown", "")))
    return render(request, "drafts/_news.html", {"count": fresh.count(), "asked": request.GET})


@member_required("read")
@require_GET
def row(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """GET /queue/rows/<id>: one row as it is now; a decided one stays, and says who decided."""
    draft = get_object_or_404(for_rows(Draft.objects.within(request.member_scope)), pk=draft_id)
    context = {"draft": draft, "names": names_of([draft.decided_by]), "now": timezone.now()}
    return render(request, "drafts/_row.html", context)


@member_required("read")
@require_GET
def shown(request: MemberRequest) -> HttpResponse:
    """GET /queue/shown?seen=<time>&shown=<ids>: of the rows on a page, those that have changed,
    and who has the others in hand. Asked now and then: having something in hand is no event.
    """
    seen = _time(request.GET.get("seen", ""))
    ids = ids_in(request.GET.get("shown", ""))[:PAGE_SIZE]
    drafts = list(for_rows(Draft.objects.within(request.member_scope).filter(pk__in=ids)))
    changed = [draft for draft in drafts if draft.updated_at > seen]
    context = {
        "changed": changed,
        "others": [draft for draft in drafts if draft.updated_at <= seen],
        "names": names_of(draft.decided_by for draft in changed),
        "now": timezone.now(),
    }
    return render(request, "drafts/_shown.html", context)


@member_required("read")
@require_GET
def held(request: MemberRequest) -> HttpResponse:
    """GET /queue/held?held=<id>: what can still be undone, and what became of what could."""
    watched = [pk for each in request.GET.getlist("held")[:MOST_HELD] for pk in ids_in(each)]
    context = {
        "held": _held(request, watched),
        "may_review": request.member_scope.may("review"),
        "now": timezone.now(),
    }
    return render(request, "drafts/_held.html", context)


@member_required("read")
@require_GET
def count(request: MemberRequest) -> HttpResponse:
    """GET /queue/count: the number in the rail."""
    return render(request, "drafts/_count.html", {"waiting": waiting(request.member_scope).count()})


def _time(text: str) -> datetime:
    """A time as a page of ours wrote it; now for anything else."""
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    return found if found and timezone.is_aware(found) else timezone.now()
