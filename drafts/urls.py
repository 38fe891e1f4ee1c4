"""Routes of `drafts`: `api` stands under /v1/, `pages` at the root."""

from django.urls import URLPattern

from drafts.api.urls import urlpatterns as drafts_api
from drafts.pages.urls import urlpatterns as dashboard

api: list[URLPattern] = drafts_api
pages: list[URLPattern] = dashboard
