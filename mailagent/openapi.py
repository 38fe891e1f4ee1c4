"""The OpenAPI document of the agents' API, made from the code, once per process."""

from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.settings import spectacular_settings
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.idempotency import HEADER

_REFUSAL = {
    "type": "object",
    "description": "Every refusal: a sentence for people, a constant for programs.",
    "properties": {
        "error": {"type": "string"},
        "code": {"type": "string", "examples": ["VALIDATION_ERROR"]},
        "details": {
            "type": "object",
            "additionalProperties": {},
            "description": "With `VALIDATION_ERROR`: each field with its sentences.",
        },
    },
    "required": ["error", "code", "details"],
}
_EVERYWHERE = {
    "400": "The request cannot be taken: `details` names each field.",
    "401": "No key, or one that is unknown, revoked or expired.",
    "403": "The key lacks the permission, or the state of things forbids it.",
    "404": "There is no such thing, or it is out of reach of this key: the same answer.",
    "406": "`Accept` names nothing that we speak.",
    "429": "Too much: `Retry-After` says when to come back.",
    "503": "A service we need is away and nothing was done: `Retry-After` says when to come back.",
}
_WITH_BODY = {
    "409": "The state of things does not allow it (any more).",
    "413": "The body is too large.",
    "415": "The body is not of a type that we take.",
    "422": "The request is well formed and cannot be done.",
}
_IDEMPOTENCY = {
    "name": HEADER,
    "in": "header",
    "description": "A name of yours for this request. Asked again with the same body within 24 "
    "hours, it answers what it answered first, and does nothing. A refusal is not remembered.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": r"^[!-~]{1,256}$"},
}
_LATER = {"429", "503"}


def _refusal(status: str, description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Refusal"}
    answer: dict[str, Any] = {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }
    if status in _LATER:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return answer


def add_refusals(schema: dict[str, Any]) -> dict[str, Any]:
    """Every operation with the refusals that the error table can give, and what each POST takes."""
    schema.setdefault("components", {}).setdefault("schemas", {})["Refusal"] = _REFUSAL
    for operations in schema["paths"].values():
        for method, operation in operations.items():
            possible = _EVERYWHERE | (_WITH_BODY if method in ("post", "patch", "put") else {})
            if method == "post":
                operation.setdefault("parameters", []).append(_IDEMPOTENCY)
            for status, description in possible.items():
                operation["responses"].setdefault(status, _refusal(status, description))
    return schema


@cache
def document() -> dict[str, Any]:
    """The whole document. Not to be changed by whoever reads it."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    made["info"]["version"] = spectacular_settings.VERSION
    return add_refusals(made)


@cache
def _rendered(as_yaml: bool) -> bytes:
    renderer = OpenApiYamlRenderer() if as_yaml else OpenApiJsonRenderer()
    rendered: bytes = renderer.render(document(), renderer_context={})
    return rendered


class _Document(APIView):
    """For everybody: it tells what the code tells, and nothing of the installation."""

    authentication_classes = ()
    permission_classes = ()
    schema = None
    http_method_names = ["get", "head"]


class JsonDocument(_Document):
    """GET /v1/openapi.json"""

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(_rendered(False), content_type="application/json")


class YamlDocument(_Document):
    """GET /v1/openapi.yaml"""

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(_rendered(True), content_type="application/yaml")
