"""What a key may ask about itself."""

# ruff: noqa: N815 - names on the wire

from typing import Any, ClassVar

from django.apps import apps
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView
from accounts.models import ApiKey
from accounts.scope import Deed


class MeSerializer(serializers.Serializer[Any]):
    """A key, as it sees itself."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(
        ["installation", "workspace", "inbox"], help_text="What it reaches, by its prefix."
    )
    name = serializers.CharField()
    permissions = serializers.ListField(child=serializers.ChoiceField(ApiKey.Permission.choices))
    workspaceId = serializers.UUIDField(
        allow_null=True, help_text="Null: every workspace of the installation."
    )
    inboxId = serializers.UUIDField(
        allow_null=True, help_text="Null: every inbox of what it reaches."
    )
    email = serializers.CharField(
        allow_null=True, help_text="The primary address of that one inbox; else null."
    )
    createdAt = serializers.DateTimeField()
    expiresAt = serializers.DateTimeField(allow_null=True, help_text="Null: it does not expire.")
    lastUsedAt = serializers.DateTimeField(
        allow_null=True, help_text="To the minute. Null: this is its first use."
    )


def _email_of_inbox(key: ApiKey) -> str | None:
    """`inboxes` stands above this part: its model is asked for by name."""
    if key.inbox_id is None:
        return None
    inboxes = apps.get_model("inboxes", "Inbox").objects.filter(pk=key.inbox_id)
    email: str | None = inboxes.values_list("email", flat=True).first()
    return email


class Me(ApiView):
    """GET /v1/me"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": None}

    @extend_schema(operation_id="getMe", tags=["keys"], responses=MeSerializer)
    def get(self, request: ApiRequest) -> Response:
        """Tell a key what it is and what it may do."""
        key = request.auth.key
        assert key is not None  # noqa: S101 - every request here has come with one
        answer = {
            "id": key.pk,
            "kind": ApiKey.Kind(key.kind).name.lower(),
            "name": key.name,
            "permissions": key.permissions,
            "workspaceId": key.workspace_id,
            "inboxId": key.inbox_id,
            "email": _email_of_inbox(key),
            "createdAt": key.created_at,
            "expiresAt": key.expires_at,
            "lastUsedAt": key.last_used_at,
        }
        return Response(MeSerializer(answer).data)
