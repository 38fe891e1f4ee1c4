"""Keys and workspaces as the API tells and takes them."""

# ruff: noqa: N815 - names on the wire

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.handing_on import MOST_OVERLAP, OVERLAP
from accounts.models import ApiKey, Workspace
from accounts.telling import Telling
from events.wire import ClientId, PageQuery, Pagination, StrictSerializer


def one_line(text: str) -> None:
    """Raises ValidationError for text that would break out of a header field or a label."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise serializers.ValidationError("Must be one line without control characters.")


class KeySerializer(Telling[ApiKey]):
    """A key, without the key itself: that was shown when it was made."""

    id = serializers.UUIDField()
    kind = serializers.SerializerMethodField(help_text="`workspace` (wk_) or `inbox` (ak_).")
    name = serializers.CharField()
    hint = serializers.CharField(help_text="How the key begins.")
    permissions = serializers.ListField(child=serializers.ChoiceField(ApiKey.Permission.choices))
    workspaceId = serializers.UUIDField(source="workspace_id")
    inboxId = serializers.UUIDField(
        source="inbox_id", allow_null=True, help_text="Null: every inbox of the workspace."
    )
    createdBy = serializers.CharField(source="created_by")
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(
        source="expires_at", allow_null=True, help_text="Null: it does not expire."
    )
    revokedAt = serializers.DateTimeField(source="revoked_at", allow_null=True)
    lastUsedAt = serializers.DateTimeField(
        source="last_used_at", allow_null=True, help_text="To the minute. Null: never used."
    )

    def get_kind(self, key: ApiKey) -> str:
        return ApiKey.Kind(key.kind).name.lower()


class NewKeySerializer(KeySerializer):
    """A key that was just made."""

    key = serializers.CharField(source="shown", help_text="The key itself, shown this once.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A key that can only propose",
            value={"name": "triage agent", "permissions": ["read", "draft"]},
            request_only=True,
        )
    ]
)
class KeyBody(StrictSerializer):
    """A key to make. It can have nothing that the calling key does not have."""

    name = serializers.CharField(max_length=120, validators=[one_line])
    permissions = serializers.ListField(
        child=serializers.ChoiceField(ApiKey.Permission.choices),
        required=False,
        min_length=1,
        max_length=10,
        help_text="Left out: those of the calling key.",
    )
    expiresAt = serializers.DateTimeField(
        source="expires_at",
        required=False,
        allow_null=True,
        help_text="Left out or null: when the calling key does, if at all.",
    )
    clientId = ClientId()


class RotateBody(StrictSerializer):
    """How a key is to be replaced."""

    overlapSeconds = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=int(MOST_OVERLAP.total_seconds()),
        default=int(OVERLAP.total_seconds()),
        help_text="How long both are live; a day if left out, 30 days at most.",
    )


class KeyQuery(StrictSerializer, PageQuery):
    state = serializers.ChoiceField(
        ["live", "expired", "revoked"], required=False, help_text="Left out: all."
    )


class KeyPage(serializers.Serializer[Any]):
    keys = KeySerializer(many=True)
    pagination = Pagination()


class WorkspaceSerializer(Telling[Workspace]):
    """A tenant: a company or a team."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    automaticSending = serializers.BooleanField(
        source="automatic_sending",
        help_text="False: nothing leaves without a person, in every inbox.",
    )
    createdAt = serializers.DateTimeField(source="created_at")


class WorkspacePatch(StrictSerializer):
    """What can be changed of a workspace; what is left out stays."""

    name = serializers.CharField(max_length=120, validators=[one_line])
    automaticSending = serializers.BooleanField(source="automatic_sending", required=False)


@extend_schema_serializer(
    examples=[OpenApiExample("A company", value={"name": "Acme"}, request_only=True)]
)
class WorkspaceBody(WorkspacePatch):
    """A workspace to open."""

    clientId = ClientId()


class WorkspaceQuery(StrictSerializer, PageQuery):
    pass


class WorkspacePage(serializers.Serializer[Any]):
    workspaces = WorkspaceSerializer(many=True)
    pagination = Pagination()
