"""Suppressions and address health over the API."""

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked, given, once_named
from accounts.scope import Deed
from accounts.workspaces import asked_workspace, reachable_workspaces
from events.errors import Invalid, Missing
from events.wire import short_page
from inboxes.addresses import fold_address, split_address
from outbound.models import Suppression
from outbound.suppression import Reason, release, suppress
from tracking.contacts import health_of
from tracking.serializers import (
    ContactSerializer,
    SuppressionBody,
    SuppressionPage,
    SuppressionQuery,
    SuppressionSerializer,
    WorkspaceOfSuppression,
)


def folded(addr_spec: str) -> str:
    """An address of a path or a body, as it is compared. Raises Invalid."""
    address = fold_address(addr_spec)
    try:
        split_address(address)
    except ValueError as error:
        raise Invalid.field("address", str(error)) from error
    if "\0" in address or len(address) > 320:
        raise Invalid.field("address", "Is no address.")
    return address


class Suppressions(ApiView):
    """GET and POST /v1/suppressions"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "POST": "manage"}

    @extend_schema(
        operation_id="listSuppressions",
        tags=["suppressions"],
        parameters=[SuppressionQuery],
        responses=SuppressionPage,
    )
    def get(self, request: ApiRequest) -> Response:
        """Addresses that get no mail, newest first, expired entries too. They are a workspace's:
        the key of an inbox sees none here, and one at a time under `/v1/contacts`."""
        query = asked(request, SuppressionQuery)
        wanted = {
            "workspace_id": query.get("workspace"),
            "reason": query.get("reason"),
            "address": query.get("address"),
        }
        found = Suppression.objects.filter(
            workspace__in=reachable_workspaces(request.auth),
            **{name: value for name, value in wanted.items() if value is not None},
        )
        answer = short_page(
            request,
            found.order_by("-created_at", "-id"),
            plural="suppressions",
            serialize=SuppressionSerializer.every,
        )
        return Response(answer)

    @extend_schema(
        operation_id="createSuppression",
        tags=["suppressions"],
        request=SuppressionBody,
        responses={200: SuppressionSerializer, 201: SuppressionSerializer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Send nothing to an address any more: 201, told as `address.suppressed`. 200 where it was
        suppressed already: that entry takes the new reason and expiry."""
        body = given(request.data, SuppressionBody)
        workspace = asked_workspace(request.auth, body.get("workspace_id"))
        address = folded(body["address"])

        def create() -> Response:
            if body["expires_at"] is not None and body["expires_at"] <= timezone.now():
                raise Invalid.field("expiresAt", "Has passed.")
            reason = Reason(body["reason"], body["report"], body["expires_at"])
            entry = suppress(workspace, address, reason, by=request.auth.actor)
            return Response(SuppressionSerializer(entry).data, status=201 if entry.is_new else 200)

        return once_named(request, f"suppressions:{workspace.pk}", body, create)


class OneSuppression(ApiView):
    """GET and DELETE /v1/suppressions/{address}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "DELETE": "manage"}

    @extend_schema(
        operation_id="getSuppression",
        tags=["suppressions"],
        parameters=[WorkspaceOfSuppression],
        responses=SuppressionSerializer,
    )
    def get(self, request: ApiRequest, address: str) -> Response:
        """Why an address gets no mail, and until when."""
        return Response(SuppressionSerializer(self._found(request, address, "read")).data)

    @extend_schema(
        operation_id="deleteSuppression",
        tags=["suppressions"],
        parameters=[WorkspaceOfSuppression],
        responses={204: None},
    )
    def delete(self, request: ApiRequest, address: str) -> Response:
        """Let mail go to an address again, on record."""
        release(self._found(request, address, "manage"), by=request.auth.actor)
        return Response(status=204)

    @staticmethod
    def _found(request: ApiRequest, address: str, deed: Deed) -> Suppression:
        named: UUID | None = asked(request, WorkspaceOfSuppression).get("workspace")
        if not reachable_workspaces(request.auth, deed).exists():
            raise Missing
        workspace = asked_workspace(request.auth, named, deed, field="workspace")
        entries = Suppression.objects.filter(workspace=workspace, address=folded(address))
        if (entry := entries.first()) is None:
            raise Missing
        return entry


class Contact(ApiView):
    """GET /v1/contacts/{address}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(operation_id="getContact", tags=["suppressions"], responses=ContactSerializer)
    def get(self, request: ApiRequest, address: str) -> Response:
        """The health of an address: last bounce with its text, suppression, threads, counts. Of
        one that nobody here ever heard of, nothing is known: that is an answer, too."""
        return Response(ContactSerializer(health_of(folded(address), request.auth)).data)
