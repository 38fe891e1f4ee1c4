"""Routes of `learning`: `api` stands under /v1/."""

from django.urls import URLPattern, path

from learning.api import Metrics

api: list[URLPattern] = [path("metrics", Metrics.as_view(), name="api-metrics")]
