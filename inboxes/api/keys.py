"""The keys of an inbox over the API."""

from typing import ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.api.keys import MANAGED, find_key, list_keys, make_key, revoke_key, rotate_key
from accounts.http import ApiRequest, ApiView
from accounts.models import ApiKey
from accounts.scope import Deed, Scope
from accounts.serializers import (
    KeyBody,
    KeyPage,
    KeyQuery,
    KeySerializer,
    NewKeySerializer,
    RotateBody,
)
from inboxes.reach import find_inbox


def keys_of(scope: Scope, inbox_id: str) -> QuerySet[ApiKey]:
    """The keys to that inbox alone. Raises Missing."""
    return ApiKey.objects.filter(inbox_id=find_inbox(scope, inbox_id, "manage").pk)


class InboxKeys(ApiView):
    """GET and POST /v1/inboxes/{inbox_id}/keys"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGED

    @extend_schema(
        operation_id="listInboxKeys", tags=["keys"], parameters=[KeyQuery], responses=KeyPage
    )
    def get(self, request: ApiRequest, inbox_id: str) -> Response:
        """The keys to this inbox alone, oldest first, ended ones too."""
        return list_keys(request, keys_of(request.auth, inbox_id))

    @extend_schema(
        operation_id="createInboxKey",
        tags=["keys"],
        request=KeyBody,
        responses={201: NewKeySerializer},
    )
    def post(self, request: ApiRequest, inbox_id: str) -> HttpResponseBase:
        """A new `ak_` key, which reaches this inbox. It is shown this once."""
        inbox = find_inbox(request.auth, inbox_id, "manage")
        return make_key(request, inbox.workspace, inbox.pk)


class InboxKey(ApiView):
    """GET and DELETE /v1/inboxes/{inbox_id}/keys/{key_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGED

    @extend_schema(operation_id="getInboxKey", tags=["keys"], responses=KeySerializer)
    def get(self, request: ApiRequest, inbox_id: str, key_id: UUID) -> Response:
        """One key, with when it was last used."""
        key = find_key(keys_of(request.auth, inbox_id), key_id)
        return Response(KeySerializer(key).data)

    @extend_schema(operation_id="revokeInboxKey", tags=["keys"], responses={204: None})
    def delete(self, request: ApiRequest, inbox_id: str, key_id: UUID) -> Response:
        """Revoke a key at once. It stays in the list."""
        return revoke_key(request, find_key(keys_of(request.auth, inbox_id), key_id))


class RotateInboxKey(ApiView):
    """POST /v1/inboxes/{inbox_id}/keys/{key_id}/rotate"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGED

    @extend_schema(
        operation_id="rotateInboxKey",
        tags=["keys"],
        request=RotateBody,
        responses={201: NewKeySerializer},
    )
    def post(self, request: ApiRequest, inbox_id: str, key_id: UUID) -> Response:
        """A successor with the same name, permissions and reach. Both are live for a day, or for
        `overlapSeconds`; then the old one expires."""
        return rotate_key(request, find_key(keys_of(request.auth, inbox_id), key_id))
