"""What is paused, as the strip above every page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.people import MemberRequest, member_required


@member_required("read")
@require_GET
def pauses(request: MemberRequest) -> HttpResponse:
    """GET /pauses: a sentence for each switch that holds mail of the reader's inboxes."""
    return render(request, "drafts/_pauses.html")
