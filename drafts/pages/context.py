"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.scope import Scope
from drafts.pages.reach import waiting
from events import log
from outbound import pauses


def site(request: HttpRequest) -> dict[str, Any]:
    """Of the installation: `catcher` is true where outgoing mail is kept and shown at /dev/outbox.

    Of who is signed in, asked for only where it is shown: which mail is held back and why, how
    many drafts wait, and the place in the event log as of which the page is true, so that its
    socket misses nothing.
    """
    known: dict[str, Any] = {"catcher": settings.TRANSPORT == "catcher"}
    scope: Scope | None = getattr(request, "member_scope", None)
    if scope is not None:
        reach = scope
        known["cursor"] = SimpleLazyObject(lambda: str(log.end()))
        known["pauses"] = SimpleLazyObject(lambda: pauses.shown_to(reach))
        known["waiting_count"] = SimpleLazyObject(lambda: waiting(reach).count())
    return known
