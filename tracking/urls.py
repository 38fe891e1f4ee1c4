"""Routes of `tracking`: `api` stands under /v1/."""

from django.urls import URLPattern, path

from tracking import provider_views
from tracking.api import Contact, OneSuppression, Suppressions

api: list[URLPattern] = [
    path("suppressions", Suppressions.as_view(), name="api-suppressions"),
    path("suppressions/<str:address>", OneSuppression.as_view(), name="api-suppression"),
    path("contacts/<str:address>", Contact.as_view(), name="api-contact"),
]
hooks: list[URLPattern] = [
    path(
        "hooks/providers/<uuid:transport_id>/<str:secret>/tracking",
        provider_views.hook,
        {"what": "tracking"},
        name="provider-tracking",
    ),
    path(
        "hooks/providers/<uuid:transport_id>/<str:secret>/inbound",
        provider_views.hook,
        {"what": "inbound"},
        name="provider-inbound",
    ),
]
