"""Routes of `accounts`: `api` stands under /v1/, `pages` at the root."""

from django.urls import URLPattern

api: list[URLPattern] = []
pages: list[URLPattern] = []
