"""Keys over the API. What the keys of a workspace and of an inbox have in common stands first;
`inboxes` uses it, too."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts import keys
from accounts.handing_on import hand_on, rotate
from accounts.http import ApiRequest, ApiView, asked, given, once_named
from accounts.models import ApiKey, Workspace
from accounts.scope import Deed
from accounts.serializers import (
    KeyBody,
    KeyPage,
    KeyQuery,
    KeySerializer,
    NewKeySerializer,
    RotateBody,
)
from accounts.workspaces import find_workspace
from events.errors import Missing
from events.wire import short_page


def find_key(among: QuerySet[ApiKey], key_id: UUID) -> ApiKey:
    """That one of `among`. Raises Missing."""
    found = among.filter(pk=key_id).first()
    if found is None:
        raise Missing
    return found


def list_keys(request: ApiRequest, among: QuerySet[ApiKey]) -> Response:
    """A page of `among`, oldest first, in the state that the query asks for."""
    state = asked(request, KeyQuery).get("state")
    unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    chosen = {
        None: Q(),
        "live": unexpired & Q(revoked_at=None),
        "expired": ~unexpired & Q(revoked_at=None),
        "revoked": ~Q(revoked_at=None),
    }[state]
    found = among.filter(chosen).order_by("created_at", "id")
    return Response(short_page(request, found, plural="keys", serialize=KeySerializer.every))


def make_key(request: ApiRequest, workspace: Workspace, inbox_id: UUID | None) -> HttpResponseBase:
    """201 with the key that the body describes."""
    body = given(request.data, KeyBody)

    def create() -> Response:
        return _showing(*hand_on(request.auth, workspace=workspace, inbox_id=inbox_id, **body))

    scope = f"keys:{inbox_id or workspace.pk}"
    return once_named(request, scope, body, create, shows_secret=True)


def rotate_key(request: ApiRequest, key: ApiKey) -> Response:
    """201 with the successor of `key`."""
    seconds = given(request.data, RotateBody)["overlapSeconds"]
    return _showing(*rotate(request.auth, key, overlap=timedelta(seconds=seconds)))


def revoke_key(request: ApiRequest, key: ApiKey) -> Response:
    """204: the key is live no more."""
    keys.revoke(key, by=request.auth.actor)
    return Response(status=204)


def _showing(key: ApiKey, shown: str) -> Response:
    key.shown = shown  # type: ignore[attr-defined]
    return Response(NewKeySerializer(key).data, status=201)


MANAGED: dict[str, Deed | None] = dict.fromkeys(("GET", "POST", "DELETE"), "manage")


class WorkspaceKeys(ApiView):
    """GET and POST /v1/workspaces/{workspace_id}/keys"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGED

    @extend_schema(
        operation_id="listWorkspaceKeys", tags=["keys"], parameters=[KeyQuery], responses=KeyPage
    )
    def get(self, request: ApiRequest, workspace_id: UUID) -> Response:
        """The keys of a workspace and of its inboxes, oldest first, ended ones too."""
        workspace = find_workspace(request.auth, workspace_id, "manage")
        return list_keys(request, ApiKey.objects.filter(workspace=workspace))

    @extend_schema(
        operation_id="createWorkspaceKey",
        tags=["keys"],
        request=KeyBody,
        responses={201: NewKeySerializer},
    )
    def post(self, request: ApiRequest, workspace_id: UUID) -> HttpResponseBase:
        """A new `wk_` key, which reaches the whole workspace. It is shown this once."""
        workspace = find_workspace(request.auth, workspace_id, "manage")
        return make_key(request, workspace, None)


class WorkspaceKey(ApiView):
    """GET and DELETE /v1/workspaces/{workspace_id}/keys/{key_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGED

    @extend_schema(operation_id="getWorkspaceKey", tags=["keys"], responses=KeySerializer)
    def get(self, request: ApiRequest, workspace_id: UUID, key_id: UUID) -> Response:
        """One key, with when it was last used."""
        return Response(KeySerializer(self._found(request, workspace_id, key_id)).data)

    @extend_schema(operation_id="revokeWorkspaceKey", tags=["keys"], responses={204: None})
    def delete(self, request: ApiRequest, workspace_id: UUID, key_id: UUID) -> Response:
        """Revoke a key at once. It stays in the list."""
        return revoke_key(request, self._found(request, workspace_id, key_id))

    @staticmethod
    def _found(request: ApiRequest, workspace_id: UUID, key_id: UUID) -> ApiKey:
        workspace = find_workspace(request.auth, workspace_id, "manage")
        return find_key(ApiKey.objects.filter(workspace=workspace), key_id)


class RotateWorkspaceKey(ApiView):
    """POST /v1/workspaces/{workspace_id}/keys/{key_id}/rotate"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGED

    @extend_schema(
        operation_id="rotateWorkspaceKey",
        tags=["keys"],
        request=RotateBody,
        responses={201: NewKeySerializer},
    )
    def post(self, request: ApiRequest, workspace_id: UUID, key_id: UUID) -> Response:
        """A successor with the same name, permissions and reach. Both are live for a day, or for
        `overlapSeconds`; then the old one expires."""
        workspace = find_workspace(request.auth, workspace_id, "manage")
        return rotate_key(request, find_key(ApiKey.objects.filter(workspace=workspace), key_id))
