"""Mail as a form sends it: the fields of the JSON body, and files beside them."""

import json
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.parsers import JSONParser, MultiPartParser

from accounts.http import ApiRequest, given
from drafts.api.bodies import (
    DraftBody,
    ForwardBody,
    MailBody,
    ReplyBody,
    SendBody,
    without_parameters,
)
from drafts.files import COUNT_LIMIT, check_file
from events.errors import Invalid
from outbound.compose import OutgoingFile

JSON_OR_FORM = (JSONParser, MultiPartParser)
_CID = "cid:"


def written(request: ApiRequest, kind: type[MailBody]) -> dict[str, Any]:
    """The body as `kind` declares it, of JSON or of a form. Raises ValidationError, Invalid.

    In a form an object or a list of objects stands as JSON. Each file is attached, in whatever
    field it comes; one in a field `cid:<contentId>` is inline, what `cid:` in the HTML shows.
    """
    if not (request.content_type or "").startswith("multipart/"):
        return given(request.data, kind)
    fields: dict[str, Any] = {}
    files: list[OutgoingFile] = []
    declared = kind().fields
    form: Any = request.data
    for name, values in form.lists():
        uploads = [each for each in values if isinstance(each, UploadedFile)]
        files += [_file(name, each) for each in uploads]
        if texts := [each for each in values if isinstance(each, str)]:
            fields[name] = _value(name, texts, declared.get(name))
    body = given(fields, kind, is_text=True)
    body["files"] = [*body.get("files", ()), *files]
    if len(body["files"]) > COUNT_LIMIT:
        raise Invalid.field("attachments", f"At most {COUNT_LIMIT} files are allowed.")
    return body


def _file(field: str, upload: "UploadedFile[Any]") -> OutgoingFile:
    inline = field.startswith(_CID)
    file = OutgoingFile(
        filename=upload.name or "",
        content_type=without_parameters(upload.content_type or ""),
        content=upload.read(),
        content_id=field.removeprefix(_CID) if inline else "",
        inline=inline,
    )
    check_file(file)
    return file


def _value(name: str, texts: list[str], declared: Any) -> Any:
    """Several texts are a list: of addresses, for one. Raises Invalid."""
    if isinstance(declared, serializers.DictField | serializers.ListField | serializers.Serializer):
        try:
            return json.loads(texts[-1])
        except ValueError as error:
            raise Invalid.field(name, "Must be JSON.") from error
    if len(texts) > 1:
        return texts
    return texts[0]


@extend_schema_field(OpenApiTypes.BINARY)
class FileOctets(serializers.FileField):
    """A file as a form holds it."""


class WithFiles(serializers.Serializer[Any]):
    """What a form has besides (for the schema)."""

    attachments = serializers.ListField(child=FileOctets(), required=False)


@extend_schema_serializer(component_name="DraftForm")
class DraftForm(WithFiles, DraftBody):
    """A draft as a form: further files in fields `cid:<contentId>` are inline."""


@extend_schema_serializer(component_name="SendForm")
class SendForm(WithFiles, SendBody):
    """A mail as a form: further files in fields `cid:<contentId>` are inline."""


@extend_schema_serializer(component_name="ReplyForm")
class ReplyForm(WithFiles, ReplyBody):
    """An answer as a form: further files in fields `cid:<contentId>` are inline."""


@extend_schema_serializer(component_name="ForwardForm")
class ForwardForm(WithFiles, ForwardBody):
    """A forward as a form: further files in fields `cid:<contentId>` are inline."""
