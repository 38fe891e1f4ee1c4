"""Routes of `drafts`: `api` stands under /v1/, `pages` at the root."""

from django.urls import URLPattern

from drafts.pages.urls import urlpatterns as dashboard

api: list[URLPattern] = []
pages: list[URLPattern] = dashboard
