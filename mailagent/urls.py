"""Every route there is, put together."""

from django.contrib import admin
from django.urls import include, path

import accounts.urls
import drafts.urls
import inboxes.urls
import learning.urls
import outbound.urls
import tracking.urls
from mailagent import health, openapi, reference, scraping

admin.autodiscover()
admin.site.site_header = admin.site.site_title = "mailagent administration"

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", scraping.metrics),
    path("admin/", admin.site.urls),
    path("v1/docs", reference.reference, name="api-docs"),
    path("v1/openapi.json", openapi.JsonDocument.as_view(), name="api-openapi-json"),
    path("v1/openapi.yaml", openapi.YamlDocument.as_view(), name="api-openapi-yaml"),
    path(
        "v1/",
        include(
            [
                *accounts.urls.api,
                *inboxes.urls.api,
                *outbound.urls.api,
                *tracking.urls.api,
                *drafts.urls.api,
                *learning.urls.api,
            ]
        ),
    ),
    path("", include([*tracking.urls.hooks, *accounts.urls.pages, *drafts.urls.pages])),
]

handler400 = "mailagent.errors.bad_request"
handler404 = "mailagent.errors.not_found"
handler500 = "mailagent.errors.server_error"
