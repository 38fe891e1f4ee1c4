"""Domains over the API."""

from typing import Any, ClassVar

from django.db.models import F
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.authentication import PermissionLacking
from accounts.http import ApiRequest, ApiView, OwnType, asked, given, nothing_asked, once_named
from accounts.models import Workspace
from accounts.scope import Deed, Scope
from events.errors import Invalid, Missing
from events.wire import NoBody, short_page
from inboxes.addresses import fold_domain
from inboxes.models import Domain
from outbound import dns_records, domains
from outbound.domain_bodies import (
    ClaimedDomain,
    DomainBody,
    DomainPage,
    DomainQuery,
    DomainSerializer,
    OneDomain,
    told,
)


def find_domain(scope: Scope, name: str, deed: Deed = "read") -> Domain:
    """The domain of that name; where several workspaces in reach claim it, the one that holds it.

    Raises Missing, and PermissionLacking where the key reads it and may not do this: it is the
    key of one inbox, and a domain is the workspace's.
    """
    if "\0" in name:
        raise Missing
    found = (
        Domain.objects.within(scope)
        .filter(name=fold_domain(name))
        .order_by(F("owned_at").asc(nulls_last=True), "-inbound_enabled", "created_at")
        .first()
    )
    if found is None:
        raise Missing
    if deed != "read" and not scope.reaches(found.workspace_id, None, deed):
        raise _only_for_workspace_keys(deed)
    return found


def _only_for_workspace_keys(deed: Deed) -> PermissionLacking:
    return PermissionLacking(
        f"Domains are the workspace's: a `wk_` key with the permission `{deed}` is needed.",
        permission=deed,
    )


def _workspace_for(scope: Scope, content: dict[str, Any]) -> Workspace:
    """The workspace that a new domain is for. Raises Invalid, PermissionLacking."""
    key = scope.key
    assert key is not None  # noqa: S101 - every request here has come with one
    wanted = content.get("workspaceId") or key.workspace_id
    if wanted is None:
        raise Invalid.field("workspaceId", "This key reaches several workspaces: name one.")
    workspace = Workspace.objects.filter(pk=wanted).first()
    if workspace is None or (key.workspace_id and key.workspace_id != workspace.pk):
        raise Invalid.field("workspaceId", "There is no such workspace in reach of this key.")
    if not scope.reaches(workspace.pk, None, "manage"):
        raise _only_for_workspace_keys("manage")
    return workspace


class Domains(ApiView):
    """GET and POST /v1/domains"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "POST": "manage"}

    @extend_schema(
        operation_id="listDomains", tags=["domains"], parameters=[DomainQuery], responses=DomainPage
    )
    def get(self, request: ApiRequest) -> Response:
        """The domains in reach of the key, by name."""
        reachable = Domain.objects.within(request.auth).values("pk")
        found = Domain.objects.filter(pk__in=reachable).order_by("name", "id")
        if workspace := asked(request, DomainQuery).get("workspace"):
            found = found.filter(workspace_id=workspace)
        answer = short_page(
            request,
            found.prefetch_related("dkim_keys"),
            plural="domains",
            serialize=DomainSerializer.every,
        )
        return Response(answer)

    @extend_schema(
        operation_id="addDomain",
        tags=["domains"],
        request=DomainBody,
        responses={201: ClaimedDomain, 200: ClaimedDomain},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Claim a domain: publish the records of the answer, then ask to verify. 200 with
        `existed: true` when the workspace has it already."""
        content = given(request.data, DomainBody)
        workspace = _workspace_for(request.auth, content)

        def create() -> Response:
            domain, is_new = domains.claim(workspace, content["domain"], by=request.auth.actor)
            return Response(told(domain, existed=not is_new), status=201 if is_new else 200)

        return once_named(request, f"domains:{workspace.pk}", content, create)


class OneDomainView(ApiView):
    """GET and DELETE /v1/domains/{domain}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read", "DELETE": "manage"}

    @extend_schema(operation_id="getDomain", tags=["domains"], responses=OneDomain)
    def get(self, request: ApiRequest, domain: str) -> Response:
        """A domain with its records and what the DNS last said of them."""
        return Response(told(find_domain(request.auth, domain)))

    @extend_schema(operation_id="deleteDomain", tags=["domains"], responses={204: None})
    def delete(self, request: ApiRequest, domain: str) -> Response:
        """Give a domain up, with its keys. 409 `DOMAIN_IN_USE` while inboxes live on it."""
        found = find_domain(request.auth, domain, "manage")
        domains.give_up(found, by=request.auth.actor)
        return Response(status=204)


class VerifyDomain(ApiView):
    """GET and POST /v1/domains/{domain}/verify"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "manage", "POST": "manage"}

    @extend_schema(operation_id="verifyDomain", tags=["domains"], responses=OneDomain)
    def get(self, request: ApiRequest, domain: str) -> Response:
        """Ask the DNS now. Takes up to five seconds where its servers do not answer."""
        return self._verified(request, domain)

    @extend_schema(
        operation_id="verifyDomainNow", tags=["domains"], request=NoBody, responses=OneDomain
    )
    def post(self, request: ApiRequest, domain: str) -> Response:
        """Ask the DNS now. Takes up to five seconds where its servers do not answer."""
        return self._verified(request, domain)

    @staticmethod
    def _verified(request: ApiRequest, name: str) -> Response:
        found = find_domain(request.auth, name, "manage")
        if request.method == "POST":
            nothing_asked(request)
        return Response(told(domains.check(found, counted=False)))


class ZoneFile(ApiView):
    """GET /v1/domains/{domain}/zone-file"""

    content_negotiation_class = OwnType
    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "read"}

    @extend_schema(
        operation_id="getZoneFile",
        tags=["domains"],
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def get(self, request: ApiRequest, domain: str) -> HttpResponse:
        """The records for BIND and whoever reads its format (RFC 1035)."""
        plan = domains.plan_of(find_domain(request.auth, domain))
        return HttpResponse(dns_records.zone_file(plan), content_type="text/plain; charset=utf-8")


class RotateDkim(ApiView):
    """POST /v1/domains/{domain}/rotate-dkim"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "manage"}

    @extend_schema(operation_id="rotateDkim", tags=["domains"], request=NoBody, responses=OneDomain)
    def post(self, request: ApiRequest, domain: str) -> Response:
        """Make the next keys, `dkim_next`: publish them beside the present ones, which sign until
        the DNS shows the new. While that is under way, asking again changes nothing."""
        found = find_domain(request.auth, domain, "manage")
        nothing_asked(request)
        domains.rotate_keys(found, by=request.auth.actor)
        return Response(told(found))
