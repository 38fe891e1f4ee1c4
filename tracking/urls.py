"""Routes of `tracking`: `api` stands under /v1/."""

from django.urls import URLPattern, path

from tracking.api import Contact, OneSuppression, Suppressions

api: list[URLPattern] = [
    path("suppressions", Suppressions.as_view(), name="api-suppressions"),
    path("suppressions/<str:address>", OneSuppression.as_view(), name="api-suppression"),
    path("contacts/<str:address>", Contact.as_view(), name="api-contact"),
]
