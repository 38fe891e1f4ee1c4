"""Octets over the API: whole messages and their attachments, always as downloads.

They come from strangers. No browser may show them under our name, so: never inline, no guessing
of types, and a sandbox for whoever opens them all the same.
"""

import mimetypes
import re
import unicodedata
from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, OwnType, asked
from accounts.scope import Deed
from events.errors import Missing
from events.wire import short_page
from inboxes.filters import AttachmentQuery
from inboxes.mime import part_octets
from inboxes.models import Attachment, MessageRaw
from inboxes.reach import find_inbox, find_message, in_order_of_parts
from inboxes.serializers import AttachmentList, AttachmentSerializer

_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_ANY_TYPE = "application/octet-stream"
_NAME_LIMIT = 150


def as_download(octets: bytes, *, content_type: str, filename: str) -> HttpResponse:
    """An answer that a browser saves and does not show (RFC 6266, RFC 8187)."""
    claimed = content_type.lower()
    safe_type = claimed if _CONTENT_TYPE.fullmatch(claimed) else _ANY_TYPE
    response = HttpResponse(octets, content_type=safe_type)
    disposition = content_disposition_header(as_attachment=True, filename=safe_name(filename))
    response["Content-Disposition"] = disposition or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def safe_name(filename: str) -> str:
    """A sender's file name without paths, control characters and characters that turn the
    direction of writing (which would show `exe.pdf` for `fdp.exe`)."""
    last = re.split(r"[/\\]", filename)[-1]
    kept = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    return kept.strip(" .")[-_NAME_LIMIT:]


def _name_of(attachment: Attachment) -> str:
    if name := safe_name(attachment.filename):
        return name
    return f"part-{attachment.part_path}{mimetypes.guess_extension(attachment.content_type) or ''}"


def _octets_of(message_id: UUID) -> bytes:
    found = MessageRaw.objects.filter(pk=message_id).values_list("octets", flat=True).first()
    if found is None:
        raise Missing
    return bytes(found)


class RawMessage(ApiView):
    """GET /v1/inboxes/{inbox_id}/messages/{message_id}/raw"""

    content_negotiation_class = OwnType
    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="getRawMessage",
        tags=["messages"],
        responses={(200, "message/rfc822"): OpenApiTypes.BINARY},
    )
    def get(self, request: ApiRequest, inbox_id: str, message_id: UUID) -> HttpResponse:
        """The octets, bit for bit as received or as frozen when it was decided."""
        message = find_message(find_inbox(request.auth, inbox_id), message_id)
        octets = _octets_of(message.pk)
        return as_download(octets, content_type="message/rfc822", filename=f"{message.pk}.eml")


class Attachments(ApiView):
    """GET /v1/inboxes/{inbox_id}/messages/{message_id}/attachments"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="listAttachments",
        tags=["messages"],
        parameters=[AttachmentQuery],
        responses=AttachmentList,
    )
    def get(self, request: ApiRequest, inbox_id: str, message_id: UUID) -> Response:
        """What is attached, in the order of the message."""
        message = find_message(find_inbox(request.auth, inbox_id), message_id)
        asked(request, AttachmentQuery)
        answer = short_page(
            request,
            in_order_of_parts(message.attachments.all()),
            plural="attachments",
            serialize=AttachmentSerializer.every,
        )
        return Response(answer)


class AttachmentOctets(ApiView):
    """GET /v1/inboxes/{inbox_id}/messages/{message_id}/attachments/{attachment_id}"""

    content_negotiation_class = OwnType
    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="getAttachment",
        tags=["messages"],
        responses={(200, "*/*"): OpenApiTypes.BINARY},
    )
    def get(
        self, request: ApiRequest, inbox_id: str, message_id: UUID, attachment_id: UUID
    ) -> HttpResponse:
        """The decoded octets, under the type that the sender claims; always as a download."""
        inbox = find_inbox(request.auth, inbox_id)
        found = Attachment.objects.filter(
            pk=attachment_id, message_id=message_id, message__inbox=inbox
        ).first()
        if found is None:
            raise Missing
        try:
            octets = part_octets(_octets_of(message_id), found.part_path)
        except KeyError:
            raise Missing from None
        return as_download(octets, content_type=found.content_type, filename=_name_of(found))
