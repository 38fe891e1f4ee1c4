"""Routes of `outbound`: `api` stands under /v1/."""

from django.urls import URLPattern, path

from outbound.api import Domains, OneDomainView, RotateDkim, VerifyDomain, ZoneFile

_DOMAIN = "domains/<str:domain>"

api: list[URLPattern] = [
    path("domains", Domains.as_view(), name="api-domains"),
    path(_DOMAIN, OneDomainView.as_view(), name="api-domain"),
    path(f"{_DOMAIN}/verify", VerifyDomain.as_view(), name="api-verify-domain"),
    path(f"{_DOMAIN}/zone-file", ZoneFile.as_view(), name="api-zone-file"),
    path(f"{_DOMAIN}/rotate-dkim", RotateDkim.as_view(), name="api-rotate-dkim"),
]
