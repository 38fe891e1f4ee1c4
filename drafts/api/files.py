"""The files of a draft, over the API."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, given, once_named
from accounts.scope import Deed
from drafts import review
from drafts.api.bodies import UploadBody, without_parameters
from drafts.api.finding import IF_MATCH, REFUSED, answer, find_draft, version_of
from drafts.api.forms import FileOctets
from drafts.content import Given
from drafts.serializers import DraftSerializer
from events.errors import Invalid
from events.wire import ClientId, StrictSerializer
from outbound.compose import OutgoingFile


class UploadFields(StrictSerializer):
    """What stands beside the files of a form."""

    clientId = ClientId()  # noqa: N815 - the name on the wire


class UploadForm(UploadFields):
    """Files as a form sends them (for the schema)."""

    file = serializers.ListField(child=FileOctets(), min_length=1)


class DraftFiles(ApiView):
    """POST /v1/inboxes/{inbox_id}/drafts/{draft_id}/attachments"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "draft"}
    parser_classes = (JSONParser, MultiPartParser)

    @extend_schema(
        operation_id="attachFile",
        tags=["drafts"],
        parameters=[IF_MATCH],
        request={"application/json": UploadBody, "multipart/form-data": UploadForm},
        responses={201: DraftSerializer},
    )
    def post(self, request: ApiRequest, inbox_id: str, draft_id: UUID) -> HttpResponseBase:
        """Add files: one in base64, or any number as a form. That makes a new revision."""
        draft = find_draft(request.auth, inbox_id, draft_id, "draft")
        body = _uploaded(request)
        version = version_of(request)

        def add() -> Response:
            changes = Given(files=body["files"])
            changed = review.revise(draft, by=request.auth, changes=changes, version=version)
            return answer(changed, status=201)

        return once_named(request, f"files:{draft.pk}", body, add)


def _uploaded(request: ApiRequest) -> dict[str, Any]:
    """`files` and, where it is given, the `clientId`, of JSON or of a form. Raises Invalid."""
    if not (request.content_type or "").startswith("multipart/"):
        return given(request.data, UploadBody)
    uploads = [upload for _, each in request.FILES.lists() for upload in each]
    if not uploads:
        raise Invalid.field("file", "Send at least one file.")
    files = [
        OutgoingFile(
            filename=upload.name or "",
            content_type=without_parameters(upload.content_type or ""),
            content=upload.read(),
        )
        for upload in uploads
    ]
    return {**given(request.POST.dict(), UploadFields, is_text=True), "files": files}


class OneFile(ApiView):
    """DELETE /v1/inboxes/{inbox_id}/drafts/{draft_id}/attachments/{file_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"DELETE": "draft"}

    @extend_schema(
        operation_id="detachFile",
        tags=["drafts"],
        parameters=[IF_MATCH],
        responses={204: None, 409: REFUSED},
    )
    def delete(self, request: ApiRequest, inbox_id: str, draft_id: UUID, file_id: UUID) -> Response:
        """Leave a file out. Earlier revisions keep it."""
        draft = find_draft(request.auth, inbox_id, draft_id, "draft")
        version = version_of(request)
        review.remove_file(draft, by=request.auth, file_id=file_id, version=version)
        return Response(status=204)
