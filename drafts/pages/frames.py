"""Hostile mail on screen: HTML bodies in a sandboxed frame, files as downloads."""

import base64
from io import BytesIO
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from accounts.people import MemberRequest, member_required
from drafts.bodies import signed
from drafts.models import Draft, DraftFile
from drafts.pictures import token_of
from inboxes.mime import part_octets
from inboxes.models import Attachment, Message
from inboxes.sanitiser import sanitise
from tracking.marking import without_tokens

# An opaque origin without scripts, forms or requests; only images that stand in the mail itself.
BODY_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
INLINE_LIMIT = 4 * 1024 * 1024  # octets of images shown inside the body
PICTURES_LIMIT = 100  # remote ones of one mail
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
        found[attachment.content_id] = _data_url(attachment.content_type, octets)
    return found


def _data_url(content_type: str, octets: bytes) -> str:
    return f"data:{content_type};base64,{base64.b64encode(octets).decode()}"


@member_required("read")
@require_GET
@xframe_options_sameorigin
def body(request: MemberRequest, message_id: UUID) -> HttpResponse:
    """GET /messages/<id>/body: the HTML part, sanitised, for the sandboxed frame only.
    `?pictures=1`: with its remote pictures, which then come through us."""
    message = get_object_or_404(Message.objects.within(request.member_scope), pk=message_id)
    pictures = request.GET.get("pictures") == "1"
    html = without_tokens(message)
    return _frame(request, html, _inline_images(message), pictures=pictures)


def _frame(
    request: MemberRequest, html: str, images: dict[str, str], *, pictures: bool = False
) -> HttpResponse:
    place = f"{urlsplit(settings.BASE_URL).scheme}://{request.get_host()}/pictures/"
    urls = _PictureUrls(place)
    clean = sanitise(html, cid_urls=images, remote_images=pictures, image_url=urls.of)
    context = {"html": clean.html, "has_remote": clean.has_remote, "pictures": pictures}
    response = render(request, "drafts/body_frame.html", context)
    # An opaque origin is never 'self': the place is named whole.
    policy = BODY_POLICY.replace("img-src data:", f"img-src data: {place}")
    response["Content-Security-Policy"] = policy if pictures else BODY_POLICY
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response


class _PictureUrls:
    """Where the remote pictures of one mail are to be had, so many of them."""

    def __init__(self, place: str) -> None:
        self._place, self._left = place, PICTURES_LIMIT

    def of(self, url: str) -> str:
        self._left -= 1
        return f"{self._place}{token_of(url)}" if self._left >= 0 else "data:,"


@member_required("read")
@require_GET
@xframe_options_sameorigin
def draft_body(request: MemberRequest, draft_id: UUID) -> HttpResponse:
    """GET /drafts/<id>/body: the reply's HTML with its signature, as what was written by a
    stranger: sanitised, for the sandboxed frame only."""
    drafts = Draft.objects.within(request.member_scope).select_related("revision", "inbox")
    draft = get_object_or_404(drafts, pk=draft_id)
    revision = draft.revision
    html = revision.html_body if revision else ""
    _, html = signed("", html, draft.inbox.signature)
    return _frame(request, html, _draft_images(draft))


def _draft_images(draft: Draft) -> dict[str, str]:
    """`cid:` → `data:` for the images that go with the reply."""
    file_ids = draft.revision.file_ids if draft.revision else []
    shown = draft.files.filter(
        pk__in=file_ids, content_type__in=SHOWABLE, size__lte=INLINE_LIMIT
    ).exclude(content_id="")
    return {
        file.content_id: _data_url(file.content_type, bytes(file.content)) for file in shown[:10]
    }


@member_required("read")
@require_GET
def attachment(request: MemberRequest, message_id: UUID, attachment_id: UUID) -> FileResponse:
    """GET /messages/<id>/attachments/<id>: always a download, never shown by the browser."""
    message = get_object_or_404(Message.objects.within(request.member_scope), pk=message_id)
    found = get_object_or_404(Attachment, message=message, pk=attachment_id)
    try:
        octets = part_octets(bytes(message.raw_record.octets), found.part_path)
    except KeyError as error:
        raise Http404 from error
    return _download(found.filename, octets)


@member_required("read")
@require_GET
def draft_file(request: MemberRequest, draft_id: UUID, file_id: UUID) -> FileResponse:
    """GET /drafts/<id>/files/<id>: a file that goes with a reply, always as a download."""
    draft = get_object_or_404(Draft.objects.within(request.member_scope), pk=draft_id)
    file = get_object_or_404(DraftFile, draft=draft, pk=file_id)
    return _download(file.filename, bytes(file.content))


def _download(filename: str, octets: bytes) -> FileResponse:
    response = FileResponse(
        BytesIO(octets),
        as_attachment=True,
        filename=filename or "attachment.bin",
        content_type="application/octet-stream",
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
