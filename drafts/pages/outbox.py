"""The outbox: what is held, under way, failed, or uncertain; and the catcher's tray."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages as notes
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.people import MemberRequest, member_required
from drafts.models import Draft
from drafts.pages.reach import for_rows
from inboxes.models import Message
from outbound import queue
from outbound.models import Delivery
from outbound.signing import domain_of, signed_octets

RECENT = 100
Status = Delivery.Status
FAILED_SHOWN = timedelta(days=14)


@member_required("read")
@require_GET
def outbox(request: MemberRequest) -> HttpResponse:
    """GET /outbox: drafts on their way out, deliveries that need a person, what left of late."""
    now = timezone.now()
    deliveries = (
        Delivery.objects.within(request.member_scope)
        .select_related("message__thread", "message__inbox")
        .defer("message__plain_body", "message__html_body", "message__reply_text",
               "message__visible_text", "message__search")
    )  # fmt: skip
    context = {
        "held": for_rows(
            Draft.objects.within(request.member_scope).filter(
                status=Draft.Status.APPROVED, hold_until__gt=now
            )
        ).order_by("hold_until")[:RECENT],
        "uncertain": deliveries.filter(status=Status.UNCERTAIN).order_by("id")[:RECENT],
        "waiting": deliveries.filter(
            Q(status__in=[Status.SENDING, Status.DEFERRED])
            | Q(status=Status.QUEUED, next_attempt_at__lte=now)
            | Q(status=Status.QUEUED, message__draft__hold_until__lte=now)
        ).order_by("next_attempt_at")[:RECENT],
        "failed": deliveries.filter(
            status__in=[Status.FAILED, Status.SUPPRESSED], settled_at__gt=now - FAILED_SHOWN
        ).order_by("-settled_at")[:RECENT],
        "sent": deliveries.filter(status=Status.SENT).order_by("-settled_at")[:25],
        "may_review": request.member_scope.may("review"),
        "now": now,
    }
    fragment = request.headers.get("HX-Request")
    return render(request, "drafts/_outbox.html" if fragment else "drafts/outbox.html", context)


@member_required("review")
@require_POST
def answer_uncertain(request: MemberRequest, delivery_id: int) -> HttpResponse:
    """POST /outbox/<id>/answer, `what` = resend | arrived: a person ends the doubt."""
    deliveries = Delivery.objects.within(request.member_scope, "review")
    delivery = get_object_or_404(deliveries, pk=delivery_id)
    answers = {"resend": queue.resend_uncertain, "arrived": queue.mark_arrived}
    what = request.POST.get("what", "")
    if what not in answers:
        raise Http404
    if answers[what](delivery, by=request.member_scope.actor):
        notes.success(request, "It is sent again." if what == "resend" else "Noted as arrived.")
    else:
        notes.warning(request, "Somebody has answered this already.")
    return HttpResponseRedirect(reverse("outbox"))


def _caught() -> Any:
    if settings.TRANSPORT != "catcher":
        raise Http404
    return Delivery.objects.filter(transport="catcher", status=Status.SENT)


@member_required("read")
@require_GET
def dev_outbox(request: MemberRequest) -> HttpResponse:
    """GET /dev/outbox: what the catcher kept from leaving, newest first."""
    caught = (
        _caught()
        .within(request.member_scope)
        .select_related("message__inbox")
        .defer("message__html_body", "message__search", "message__visible_text")
        .order_by("-settled_at")[:RECENT]
    )
    fragment = request.headers.get("HX-Request")
    page = "drafts/_dev_outbox.html" if fragment else "drafts/dev_outbox.html"
    return render(request, page, {"caught": caught, "now": timezone.now()})


@member_required("read")
@require_GET
def dev_outbox_raw(request: MemberRequest, message_id: UUID) -> HttpResponse:
    """GET /dev/outbox/<message id>: the octets as they would have left, signatures and all."""
    _caught()
    ours = Message.objects.within(request.member_scope).filter(direction=Message.Direction.OUTBOUND)
    message = get_object_or_404(ours.select_related("inbox__domain"), pk=message_id)
    response = HttpResponse(
        signed_octets(message, domain_of(message)), content_type="text/plain; charset=utf-8"
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
