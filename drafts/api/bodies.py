"""What the writes of this part take."""

# ruff: noqa: N815 - names on the wire

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from drafts.content import SUBJECT_LIMIT, Given, read_addresses
from drafts.files import COUNT_LIMIT, FILES_LIMIT, fault_of
from drafts.models import Draft
from drafts.serializers import DraftSerializer
from events.errors import Invalid
from events.wire import CLIENT_ID, ClientId, CursorQuery, Pagination, StrictSerializer
from outbound.compose import OutgoingFile

BODY_LIMIT = 2_000_000  # characters
_PROMPT_LIMIT = 1_000
_STRINGS = {"type": "array", "items": {"type": "string"}}


@extend_schema_field({"oneOf": [{"type": "string"}, _STRINGS]})
class AddressesField(serializers.Field[Any, Any, Any, Any]):
    """One address, several with commas, or a list: `a@x.example` or `Ann <a@x.example>`."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str | list) or not all(isinstance(each, str) for each in data):
            raise serializers.ValidationError("Give an address, or a list of addresses.")
        try:
            return read_addresses(self.field_name or "", data)
        except Invalid as error:
            raise serializers.ValidationError(next(iter(error.details.values()))) from error

    def to_representation(self, value: Any) -> Any:
        return value


class HeaderText(serializers.CharField):
    """Text of a header field: CR, LF and NUL are refused, and not trimmed away before."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str) and any(mark in data for mark in "\r\n\0"):
            raise serializers.ValidationError("CR, LF and NUL are not allowed in a header field.")
        return super().to_internal_value(data)


class BodyText(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            allow_blank=True,
            allow_null=True,
            trim_whitespace=False,
            max_length=BODY_LIMIT,
            **options,
        )


@extend_schema_field(OpenApiTypes.BYTE)
class Base64Field(serializers.Field[Any, Any, Any, Any]):
    """Octets in base64 (RFC 4648 §4)."""

    def to_internal_value(self, data: Any) -> bytes:
        if not isinstance(data, str):
            raise serializers.ValidationError("Give the octets in base64.")
        if len(data) > FILES_LIMIT * 2:
            raise serializers.ValidationError(f"At most {FILES_LIMIT} octets are allowed.")
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError("This is not base64.") from error

    def to_representation(self, value: Any) -> Any:
        return value


class FileBody(StrictSerializer):
    """A file to send along."""

    filename = HeaderText(max_length=255)
    contentType = HeaderText(required=False, max_length=200)
    content = Base64Field()
    contentId = HeaderText(required=False, allow_blank=True, max_length=200)
    inline = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> Any:
        file = OutgoingFile(
            filename=attrs["filename"],
            content_type=without_parameters(attrs.get("contentType", "")),
            content=attrs["content"],
            content_id=attrs.get("contentId", ""),
            inline=attrs.get("inline", False),
        )
        if fault := fault_of(file):
            field, sentence = fault
            raise serializers.ValidationError({field: [sentence]})
        return file


def without_parameters(content_type: str) -> str:
    """`text/plain` of `text/plain; charset=utf-8`; that of any octets where nothing is told."""
    return content_type.partition(";")[0].strip() or "application/octet-stream"


class UploadBody(FileBody):
    """A file to add to a draft: `file` of what is validated, beside the `clientId`."""

    clientId = ClientId()

    def validate(self, attrs: dict[str, Any]) -> Any:
        named = {CLIENT_ID: attrs.pop(CLIENT_ID)} if CLIENT_ID in attrs else {}
        return {"files": [super().validate(attrs)], **named}


class AgentBody(StrictSerializer):
    """Which program wrote it."""

    name = serializers.CharField(max_length=120)
    version = serializers.CharField(required=False, allow_blank=True, max_length=120)
    model = serializers.CharField(required=False, allow_blank=True, max_length=120)


_MAILBOXES = "`ann@example.com` or `Ann <ann@example.com>`; several with commas, or as a list."


class ContentBody(StrictSerializer):
    """What every mail may say."""

    to = AddressesField(required=False, allow_null=True, help_text=_MAILBOXES)
    cc = AddressesField(required=False, allow_null=True, help_text=_MAILBOXES)
    bcc = AddressesField(
        required=False, allow_null=True, help_text="As `to`; told to none of the others."
    )
    replyTo = AddressesField(
        source="reply_to", required=False, allow_null=True, help_text="Where answers shall go."
    )
    subject = HeaderText(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=SUBJECT_LIMIT,
        help_text="One line. Of a reply, left out: that of the message, with `Re:`.",
    )
    plainBody = BodyText(source="plain_body", help_text="Left out: made from `htmlBody`.")
    htmlBody = BodyText(source="html_body", help_text="Left out: made from `plainBody`.")
    headers = serializers.DictField(
        child=HeaderText(allow_blank=True),
        required=False,
        allow_null=True,
        help_text="Further header fields; only some names are allowed.",
    )
    metadata = serializers.DictField(
        required=False, allow_null=True, help_text="Yours to fill. In a PATCH: merged, RFC 7396."
    )
    category = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=60
    )
    confidence = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=1,
        help_text="Left out: `metadata.confidence`, where that is a number from 0 to 1.",
    )
    sendAt = serializers.DateTimeField(
        source="send_at",
        required=False,
        allow_null=True,
        help_text="Not before this moment. Until then it can be withdrawn or undone.",
    )

    expiresIn = serializers.IntegerField(
        source="expires_in",
        required=False,
        allow_null=True,
        min_value=60,
        max_value=432_000,
        help_text="Seconds in which it is to be delivered, from the moment it may leave; after "
        "that it is given up. Left out: five days.",
    )


class MailBody(ContentBody):
    """A mail with its files, and what is known of who wrote it."""

    attachments = serializers.ListField(
        source="files", child=FileBody(), required=False, max_length=COUNT_LIMIT
    )
    agent = AgentBody(required=False, allow_null=True)
    prompt = serializers.ListField(
        required=False,
        allow_null=True,
        max_length=_PROMPT_LIMIT,
        help_text="The messages that the model was given: kept for learning.",
    )
    clientId = ClientId()


class DraftBody(MailBody):
    """A new draft. A reply fills in what is left out."""

    replyToMessageId = serializers.UUIDField(required=False, allow_null=True)
    submit = serializers.BooleanField(
        required=False, default=True, help_text="False: it is still being composed."
    )


class DraftPatch(ContentBody):
    """What to change; what is left out stays. Null empties."""


class ReplyBody(MailBody):
    """A mail that is to leave, if the policy lets it."""

    verified = serializers.BooleanField(
        required=False, help_text="True: write first to somebody who never wrote to this inbox."
    )


class SendBody(ReplyBody):
    to = AddressesField(required=True, help_text=_MAILBOXES)


class ForwardBody(SendBody):
    """What stands above the message that is passed on; it brings its files along."""


class DraftSendBody(StrictSerializer):
    force = serializers.BooleanField(
        required=False, help_text="True: you have looked at what came in since."
    )
    verified = serializers.BooleanField(required=False)


_STATUS = f"({'|'.join(Draft.Status.values)})"


@extend_schema_field(
    {
        "type": "string",
        "pattern": f"^(all|{_STATUS}(,{_STATUS})*)$",
        "examples": ["pending,approved"],
    }
)
class StatusesField(serializers.CharField):
    """Statuses with commas between them."""


class DraftQuery(StrictSerializer, CursorQuery):
    """Which drafts to list."""

    status = StatusesField(
        required=False, help_text="One status, several with commas, or `all`. Default: open ones."
    )
    threadId = serializers.UUIDField(required=False)
    category = serializers.CharField(required=False, max_length=60)

    def validate_status(self, value: str) -> list[str]:
        if value == "all":
            return list(Draft.Status.values)
        asked = value.split(",")
        if unknown := [each for each in asked if each not in Draft.Status.values]:
            raise serializers.ValidationError(f"There is no status `{unknown[0]}`.")
        return asked


class DraftPage(serializers.Serializer[Any]):
    """A page of drafts (for the schema)."""

    drafts = DraftSerializer(many=True)
    pagination = Pagination()


_CONTENT_NAMES = (
    "to",
    "cc",
    "bcc",
    "reply_to",
    "subject",
    "plain_body",
    "html_body",
    "headers",
    "files",
    "category",
    "confidence",
    "metadata",
    "agent",
    "prompt",
    "send_at",
    "expires_in",
)


def given_of(validated: Mapping[str, Any]) -> Given:
    """A new mail's fields: what is null is as if left out. Raises Invalid."""
    given = Given(
        **{  # type: ignore[typeddict-item]
            name: validated[name]
            for name in _CONTENT_NAMES
            if name in validated and validated[name] is not None
        }
    )
    _refuse_past(given.get("send_at"))
    return _with_confidence(given)


def changes_of(validated: Mapping[str, Any]) -> Given:
    """A patch's fields: null empties. Raises Invalid."""
    empty: dict[str, Any] = {
        "to": (),
        "cc": (),
        "bcc": (),
        "reply_to": (),
        "headers": {},
        "metadata": {},
        "confidence": None,
        "send_at": None,
        "expires_in": None,
    }
    changes = Given(
        **{  # type: ignore[typeddict-item]
            name: empty.get(name, "") if validated[name] is None else validated[name]
            for name in _CONTENT_NAMES
            if name in validated
        }
    )
    _refuse_past(changes.get("send_at"))
    return _with_confidence(changes)


def _refuse_past(send_at: datetime | None) -> None:
    """Asked of what is to be done, and not of a repeat of what was done when it was not past."""
    if send_at is not None and send_at <= timezone.now():
        raise Invalid.field("sendAt", "This is past.")


def _with_confidence(given: Given) -> Given:
    told: Any = given.get("metadata", {}).get("confidence")
    if "confidence" in given or isinstance(told, bool) or not isinstance(told, int | float):
        return given
    if 0 <= told <= 1:
        given["confidence"] = float(told)
    return given
