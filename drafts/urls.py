"""Routes of `drafts`: `api` stands under /v1/, `pages` at the root."""

from django.urls import URLPattern, path

from drafts.api.urls import urlpatterns as drafts_api
from drafts.pages.pictures import picture
from drafts.pages.urls import urlpatterns as dashboard

api: list[URLPattern] = drafts_api
# Of all pages only pictures need no sign-in: their address is signed.
pages: list[URLPattern] = [*dashboard, path("pictures/<str:token>", picture, name="picture")]
