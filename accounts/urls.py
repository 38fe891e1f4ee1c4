"""Routes of `accounts`: `api` stands under /v1/, `pages` at the root."""

from django.urls import URLPattern, path

from accounts.api import Me
from accounts.people import SignIn, SignOut

api: list[URLPattern] = [path("me", Me.as_view(), name="api-me")]
pages: list[URLPattern] = [
    path("sign-in", SignIn.as_view(), name="sign-in"),
    path("sign-out", SignOut.as_view(), name="sign-out"),
]
