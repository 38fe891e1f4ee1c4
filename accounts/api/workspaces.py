"""Workspaces over the API: opened, changed and closed by the installation's own keys."""

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked, given, once_named
from accounts.models import ApiKey, Workspace
from accounts.scope import Deed, Scope
from accounts.serializers import (
    WorkspaceBody,
    WorkspacePage,
    WorkspacePatch,
    WorkspaceQuery,
    WorkspaceSerializer,
)
from accounts.workspaces import (
    change_workspace,
    close_workspace,
    find_workspace,
    open_workspace,
    reachable_workspaces,
)
from events.errors import Forbidden
from events.wire import short_page


def only_installation(scope: Scope) -> None:
    """Raises Forbidden for a key that does not reach the whole installation."""
    if scope.key is None or scope.key.kind != ApiKey.Kind.INSTALLATION:
        raise Forbidden("This takes a key of the installation (tk_).")


class Workspaces(ApiView):
    """GET and POST /v1/workspaces"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "POST": "manage"}

    @extend_schema(
        operation_id="listWorkspaces",
        tags=["workspaces"],
        parameters=[WorkspaceQuery],
        responses=WorkspacePage,
    )
    def get(self, request: ApiRequest) -> Response:
        """The workspaces that the key reaches as a whole, oldest first."""
        asked(request, WorkspaceQuery)
        found = reachable_workspaces(request.auth).order_by("created_at", "id")
        answer = short_page(
            request, found, plural="workspaces", serialize=WorkspaceSerializer.every
        )
        return Response(answer)

    @extend_schema(
        operation_id="createWorkspace",
        tags=["workspaces"],
        request=WorkspaceBody,
        responses={201: WorkspaceSerializer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Open a workspace. For `tk_` keys only."""
        only_installation(request.auth)
        body = {"automatic_sending": True, **given(request.data, WorkspaceBody)}

        def create() -> Response:
            workspace = open_workspace(**body, by=request.auth.actor)
            return Response(WorkspaceSerializer(workspace).data, status=201)

        return once_named(request, "workspaces", body, create)


class OneWorkspace(ApiView):
    """GET, PATCH and DELETE /v1/workspaces/{workspace_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "PATCH": "manage", "DELETE": "manage"}

    @extend_schema(operation_id="getWorkspace", tags=["workspaces"], responses=WorkspaceSerializer)
    def get(self, request: ApiRequest, workspace_id: UUID) -> Response:
        """A workspace."""
        return Response(WorkspaceSerializer(find_workspace(request.auth, workspace_id)).data)

    @extend_schema(
        operation_id="changeWorkspace",
        tags=["workspaces"],
        request=WorkspacePatch,
        responses=WorkspaceSerializer,
    )
    def patch(self, request: ApiRequest, workspace_id: UUID) -> Response:
        """Change what is named and leave the rest, on record. For `tk_` keys only."""
        workspace = self._managed(request, workspace_id)
        changes = given(request.data, WorkspacePatch, partial=True)
        change_workspace(workspace, changes, by=request.auth.actor)
        return Response(WorkspaceSerializer(workspace).data)

    @extend_schema(operation_id="deleteWorkspace", tags=["workspaces"], responses={204: None})
    def delete(self, request: ApiRequest, workspace_id: UUID) -> Response:
        """Close a workspace that has no inbox any more, and revoke its keys. The record stays. For
        `tk_` keys only."""
        close_workspace(self._managed(request, workspace_id), by=request.auth.actor)
        return Response(status=204)

    @staticmethod
    def _managed(request: ApiRequest, workspace_id: UUID) -> Workspace:
        workspace = find_workspace(request.auth, workspace_id, "manage")
        only_installation(request.auth)
        return workspace
