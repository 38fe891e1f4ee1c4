"""The OpenAPI document of the agents' API, made from the code, once per process."""

import re
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.settings import spectacular_settings
from rest_framework.request import Request
from rest_framework.views import APIView

# Importing it is what makes the generator use it.
import mailagent.openapi_bodies  # noqa: F401
from accounts.http import OwnType
from accounts.idempotency import HEADER, REPLAYED
from mailagent.openapi_examples import Examples
from mailagent.openapi_refusals import REFUSAL, refusals_of

JSON = "application/json"
ABOUT = """The API of an installation of mailagent: real mailboxes for agents, with people having
the last word.

Send a key as `X-API-Key` or as `Authorization: Bearer`. Bodies and answers are JSON in camelCase;
a field, a parameter or a value that is not named here is refused with 400. Every answer carries
`X-Request-Id`, and where calls are limited `RateLimit-*`."""
# In the order in which a reader needs them.
TAGS = {
    "keys": "What a key is, and making further ones. No key can approve.",
    "inboxes": "Mailboxes with their addresses and passwords.",
    "messages": "Mail that came and mail that left; sending, replying, forwarding.",
    "threads": "Conversations.",
    "drafts": "Mail that waits for a decision, and the record of decisions.",
    "events": "What happened, by polling. The same events come by WebSocket and webhook.",
    "webhooks": "Events as signed POST requests, and what became of each.",
    "domains": "Domains with the records to publish.",
    "suppressions": "Addresses that get no mail, and the health of an address.",
    "lists": "Named groups of addresses.",
    "metrics": "Mail and review in figures.",
    "workspaces": "The tenants of an installation.",
}
_PATHS = {
    "inbox_id": "An inbox: its id, or one of its addresses.",
    "domain": "The name of the domain.",
    "address": "An address, as it is compared: without a display name.",
}
_HEADERS: dict[str, Any] = {
    "RequestId": {
        "description": "The name of this request in the log; that of the request where it had one.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$"},
    },
    "RateLimitLimit": {
        "description": "How many requests a minute are allowed, by the tightest limit.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimitRemaining": {
        "description": "How many of them are left.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimitReset": {
        "description": "Seconds until the minute is over.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 60},
    },
    "RetryAfter": {
        "description": "Seconds after which to come back.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WwwAuthenticate": {"required": True, "schema": {"type": "string"}},
    "Replayed": {
        "description": "`true`: this is what the first request of that name was answered.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "ETag": {
        "description": "The version of the draft, for `If-Match`.",
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
}
_ON_ALL = {
    "X-Request-Id": "RequestId",
    "RateLimit-Limit": "RateLimitLimit",
    "RateLimit-Remaining": "RateLimitRemaining",
    "RateLimit-Reset": "RateLimitReset",
}
_DONE = {
    "201": "Made.",
    "202": "Taken up; the end of it comes later.",
    "204": "Done; there is nothing to tell.",
}
_IDEMPOTENCY = {
    "name": HEADER,
    "in": "header",
    "description": "A name of yours for this request. Asked again with the same body within 24 "
    "hours, it answers what it answered first, and does nothing. A refusal is not remembered.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": r"^[!-~]{1,256}$"},
    "example": "answer-to-20261121040506.1",
}


@cache
def document() -> dict[str, Any]:
    """The whole document. Not to be changed by whoever reads it."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    made["info"] |= {"version": spectacular_settings.VERSION, "description": ABOUT}
    made["servers"] = [{"url": "/"}]
    made["tags"] = [{"name": name, "description": told} for name, told in TAGS.items()]
    return completed(made)


def completed(told: dict[str, Any]) -> dict[str, Any]:
    """The document with what no view has to say for itself, in place."""
    components = told.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Refusal"] = REFUSAL
    components["headers"] = _HEADERS
    shared: dict[str, Any] = {}
    components["responses"] = shared
    examples = Examples(schemas)
    for method, operation in _operations(told):
        operation.setdefault("summary", words_of(operation["operationId"]))
        _tell_parameters(operation, examples, takes_name=method == "post")
        _tell_answers(method, operation)
        _tell_examples(operation, examples)
        _share_refusals(operation, shared)
    return told


def words_of(name: str) -> str:
    """`getRawMessage` as people write: "Get raw message"."""
    spaced = re.sub(r"(?<!^)([A-Z])", r" \1", name.replace("_", " ")).lower().strip()
    return (spaced[:1].upper() + spaced[1:]).replace("dkim", "DKIM")


def _operations(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in told["paths"].values():
        yield from operations.items()


def _tell_parameters(operation: dict[str, Any], examples: Examples, *, takes_name: bool) -> None:
    parameters = operation.setdefault("parameters", [])
    for each in parameters:
        if each["in"] == "path" and not each.get("description"):
            thing = each["name"].removesuffix("_id")
            each["description"] = _PATHS.get(each["name"], f"The id of the {thing}.")
        if "examples" not in each:
            each["example"] = examples.of(each["name"], each.get("schema", {}))
    if takes_name:
        parameters.append(_IDEMPOTENCY)


def _tell_answers(method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    for status, refusal in refusals_of(method, operation).items():
        said = answers.get(status, {})
        answers[status] = refusal | {k: v for k, v in said.items() if k == "description"}
    for status, answer in answers.items():
        answer["description"] = answer.get("description") or _DONE.get(status, "Done.")
        names = {"X-Request-Id": "RequestId"} if status in ("401", "406", "503") else dict(_ON_ALL)
        if method == "post" and status < "300":
            names[REPLAYED] = "Replayed"
        if _ref_of(answer) == "#/components/schemas/Draft":
            names["ETag"] = "ETag"
        headers = {name: {"$ref": f"#/components/headers/{at}"} for name, at in names.items()}
        answer["headers"] = headers | answer.get("headers", {})


def _ref_of(answer: dict[str, Any]) -> str:
    return str(answer.get("content", {}).get(JSON, {}).get("schema", {}).get("$ref", ""))


def _tell_examples(operation: dict[str, Any], examples: Examples) -> None:
    """An example for each JSON body and answer that has none of its own; and whether the body may
    be left out, which the framework reads from what must stand in it."""
    asked = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if asked is not None and "minProperties" in examples.resolved(asked["schema"]):
        operation["requestBody"]["required"] = True
    if asked is not None and not asked.keys() & {"example", "examples"}:
        asked["example"] = examples.asking(asked["schema"])
    for answer in operation["responses"].values():
        told = answer.get("content", {}).get(JSON)
        if told is not None and not told.keys() & {"example", "examples"}:
            told["example"] = examples.made(told["schema"])


def _share_refusals(operation: dict[str, Any], shared: dict[str, Any]) -> None:
    """What most operations answer alike stands once, under `components`."""
    for status, answer in operation["responses"].items():
        if status < "400":
            continue
        name = HTTPStatus(int(status)).phrase.title().replace(" ", "")
        if shared.setdefault(name, answer) == answer:
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


@cache
def _rendered(as_yaml: bool) -> bytes:
    renderer = OpenApiYamlRenderer() if as_yaml else OpenApiJsonRenderer()
    rendered: bytes = renderer.render(document(), renderer_context={})
    return rendered


class _Document(APIView):
    """For everybody: it tells what the code tells, and nothing of the installation."""

    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = OwnType
    schema = None
    http_method_names = ["get", "head"]


class JsonDocument(_Document):
    """GET /v1/openapi.json"""

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(_rendered(False), content_type=JSON)


class YamlDocument(_Document):
    """GET /v1/openapi.yaml"""

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(_rendered(True), content_type="application/yaml")
