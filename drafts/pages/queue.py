"""The queue: every draft that waits for a person, and what is held after approval."""

from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from accounts.people import MemberRequest, member_required
from accounts.scope import Scope
from drafts.models import Draft
from inboxes.models import Inbox

PAGE_SIZE = 50
ROW_RELATIONS = (
    "revision",
    "inbox",
    "reviewer",
    "lease_holder",
    "reply_to_message",
    "message",
)
# The bodies of the customer's mail and of what was sent are large and no row shows them.
NOT_IN_A_ROW = (
    "prompt",
    "revision__html_body",
    *(
        f"{relation}__{column}"
        for relation in ("reply_to_message", "message")
        for column in ("plain_body", "html_body", "reply_text", "visible_text", "search")
    ),
)
SORTS = {"oldest": ("created_at", "id"), "newest": ("-created_at", "-id"),
         "unsure": ("confidence", "created_at", "id")}  # fmt: skip


def waiting(scope: Scope) -> QuerySet[Draft]:
    """Drafts that wait for a person, in this person's reach."""
    return Draft.objects.within(scope).filter(status=Draft.Status.PENDING)


def for_rows(drafts: QuerySet[Draft]) -> QuerySet[Draft]:
    """With all that a row shows, in one query."""
    return drafts.select_related(*ROW_RELATIONS).defer(*NOT_IN_A_ROW)


def _filtered(request: MemberRequest) -> QuerySet[Draft]:
    drafts = waiting(request.scope)
    asked = request.GET
    if inbox := asked.get("inbox", ""):
        drafts = drafts.filter(inbox__email=inbox)
    if category := asked.get("category", ""):
        drafts = drafts.filter(category=category)
    if words := asked.get("q", "").strip()[:200]:
        drafts = drafts.filter(
            Q(revision__subject__icontains=words)
            | Q(revision__plain_body__icontains=words)
            | Q(reply_to_message__header_from__icontains=words)
        )
    if asked.get("mine"):
        drafts = drafts.filter(Q(reviewer=request.user) | Q(lease_holder=request.user))
    return drafts


def _page(request: MemberRequest) -> Page[Draft]:
    order = SORTS.get(request.GET.get("sort", ""), SORTS["oldest"])
    drafts = for_rows(_filtered(request)).order_by(*order)
    return Paginator(drafts, PAGE_SIZE).get_page(request.GET.get("page"))


def _held(request: MemberRequest) -> QuerySet[Draft]:
    """What may still be undone, soonest first."""
    return for_rows(
        Draft.objects.within(request.scope).filter(
            status=Draft.Status.APPROVED, hold_until__gt=timezone.now()
        )
    ).order_by("hold_until")[:20]


@member_required("read")
@require_GET
def queue(request: MemberRequest) -> HttpResponse:
    """GET /: the page. Its list changes only when the reader asks (`news`)."""
    now = timezone.now()
    facets = (
        waiting(request.scope).values("category").annotate(total=Count("pk")).order_by("category")
    )
    context: dict[str, Any] = {
        "page": _page(request),
        "held": _held(request),
        "facets": [facet for facet in facets if facet["category"]],
        "inboxes": Inbox.objects.within(request.scope).alive().order_by("email"),
        "asked": request.GET,
        "seen_at": now.isoformat(),
        "now": now,
    }
    return render(request, "drafts/queue.html", context)


@member_required("read")
@require_GET
def rows(request: MemberRequest) -> HttpResponse:
    """GET /queue/rows: the list alone, when the reader asks for what is new."""
    now = timezone.now()
    context = {"page": _page(request), "seen_at": now.isoformat(), "asked": request.GET, "now": now}
    return render(request, "drafts/_rows.html", context)


@member_required("read")
@require_GET
def news(request: MemberRequest) -> HttpResponse:
    """GET /queue/news?seen=<time>: how many came since, as a button; never pushed into the list.

    An empty list is filled at once: nothing can move under the cursor there.
    """
    seen = _time(request.GET.get("seen", ""))
    fresh = _filtered(request).filter(updated_at__gt=seen, status=Draft.Status.PENDING)
    fresh = fresh.exclude(pk__in=[pk for pk in request.GET.get("shown", "").split(",") if pk])
    context = {"count": fresh.count(), "asked": request.GET, "seen_at": seen.isoformat()}
    return render(request, "drafts/_news.html", context)


@member_required("read")
@require_GET
def row(request: MemberRequest, draft_id: Any) -> HttpResponse:
    """GET /queue/rows/<id>: one row as it is now; a decided one stays, and says who decided."""
    draft = get_object_or_404(for_rows(Draft.objects.within(request.scope)), pk=draft_id)
    return render(request, "drafts/_row.html", {"draft": draft, "now": timezone.now()})


@member_required("read")
@require_GET
def held(request: MemberRequest) -> HttpResponse:
    """GET /queue/held: what was approved and can still be undone."""
    return render(request, "drafts/_held.html", {"held": _held(request), "now": timezone.now()})


@member_required("read")
@require_GET
def count(request: MemberRequest) -> HttpResponse:
    """GET /queue/count: the number in the rail."""
    return render(request, "drafts/_count.html", {"waiting": waiting(request.scope).count()})


def _time(text: str) -> datetime:
    try:
        return parse_datetime(text) or timezone.now()
    except ValueError:
        return timezone.now()
