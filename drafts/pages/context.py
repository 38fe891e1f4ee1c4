"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, bool]:
    """`catcher`: outgoing mail is kept here and shown at /dev/outbox."""
    return {"catcher": settings.TRANSPORT == "catcher"}
