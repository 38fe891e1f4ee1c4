"""Hostile mail on screen: HTML bodies in a sandboxed frame, files as downloads."""

import base64
from typing import Any

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from accounts.people import MemberRequest, member_required
from inboxes.mime import part_octets
from inboxes.models import Attachment, Message
from inboxes.sanitiser import sanitise

# An opaque origin without scripts, forms or requests; only images that stand in the mail itself.
BODY_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
INLINE_LIMIT = 4 * 1024 * 1024  # octets of images shown inside the body
SHOWABLE = {"image/png", "image/gif", "image/jpeg", "image/webp"}


def _inline_images(message: Message) -> dict[str, str]:
    """`cid:` → `data:`: a frame of opaque origin has no cookie to fetch them with."""
    found: dict[str, str] = {}
    room = INLINE_LIMIT
    attachments = [a for a in message.attachments.all() if a.content_id]
    if not attachments:
        return found
    raw = bytes(message.raw_record.octets)
    for attachment in attachments:
        if attachment.content_type not in SHOWABLE or attachment.size > room:
            continue
        octets = part_octets(raw, attachment.part_path)
        room -= len(octets)
        coded = base64.b64encode(octets).decode()
        found[attachment.content_id] = f"data:{attachment.content_type};base64,{coded}"
    return found


@member_required("read")
@require_GET
@xframe_options_sameorigin
def body(request: MemberRequest, message_id: Any) -> HttpResponse:
    """GET /messages/<id>/body: the HTML part, sanitised, for the sandboxed frame only."""
    message = get_object_or_404(Message.objects.within(request.scope), pk=message_id)
    clean = sanitise(message.html_body, cid_urls=_inline_images(message))
    response = render(
        request, "drafts/body_frame.html", {"html": clean.html, "has_remote": clean.has_remote}
    )
    response["Content-Security-Policy"] = BODY_POLICY
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


@member_required("read")
@require_GET
def attachment(request: MemberRequest, message_id: Any, attachment_id: Any) -> FileResponse:
    """GET /messages/<id>/attachments/<id>: always a download, never shown by the browser."""
    message = get_object_or_404(Message.objects.within(request.scope), pk=message_id)
    found = get_object_or_404(Attachment, message=message, pk=attachment_id)
    try:
        octets = part_octets(bytes(message.raw_record.octets), found.part_path)
    except KeyError as error:
        raise Http404 from error
    response = FileResponse(
        iter([octets]),
        as_attachment=True,
        filename=found.filename or "attachment.bin",
        content_type="application/octet-stream",
    )
    response["Content-Length"] = len(octets)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
