"""Pictures for the frames of mail. A frame of opaque origin has no cookie: the address is signed by
the page that was allowed to show the mail, and good for ten minutes."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from drafts.pictures import SHOWN_FOR, NoPicture, picture_of


@require_GET
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """GET /pictures/<token>: a remote picture, fetched now."""
    try:
        kind, octets = picture_of(token)
    except NoPicture as error:
        response = HttpResponse(f"{error}\n", status=404, content_type="text/plain")
    else:
        response = HttpResponse(octets, content_type=kind)
        response["Cache-Control"] = f"private, max-age={SHOWN_FOR}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # the frame's origin is opaque
    return response
