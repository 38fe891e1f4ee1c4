"""Routes of `events`: `api` stands under /v1/, `pages` at the root."""

from django.urls import URLPattern, path

from events.api import Events

api: list[URLPattern] = [path("events", Events.as_view(), name="events")]
pages: list[URLPattern] = []
