"""The operations of the reference, as what the clients are held against."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from mailagent.openapi import document

Schema = dict[str, Any]
# Two names of one deed: the clients use the other one.
ALIASES = {
    ("POST", "inboxes/{}/reply/{}"),
    ("POST", "inboxes/{}/reply-all/{}"),
    ("POST", "inboxes/{}/forward/{}"),
    ("GET", "domains/{}/verify"),
}
# Two names of one field: likewise.
OTHER_NAMES = {("GET", "events"): {"cursor"}}


@dataclass(frozen=True)
class Operation:
    """What it takes and answers. `answers` are the schemas of its good JSON answers."""

    query: frozenset[str]
    body: frozenset[str]
    answers: tuple[Schema, ...]


@cache
def whole() -> Schema:
    return document()


def resolved(schema: Schema) -> Schema:
    """The schema behind references, and beside null."""
    while True:
        parts = schema.get("allOf") or schema.get("oneOf") or schema.get("anyOf")
        if "$ref" in schema:
            schema = whole()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif parts and len(one := [part for part in parts if part.get("type") != "null"]) == 1:
            schema = one[0]
        else:
            return schema


def operations() -> dict[tuple[str, str], Operation]:
    """By method and path below /v1/, ids left open."""
    found = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path.removeprefix("/v1/"))): told
        for path, methods in whole()["paths"].items()
        for method, told in methods.items()
    }
    return {request: _operation(request, told) for request, told in found.items()}


def _operation(request: tuple[str, str], told: Schema) -> Operation:
    taken = [one["name"] for one in told.get("parameters", []) if one["in"] == "query"]
    content = told.get("requestBody", {}).get("content", {})
    body = resolved(content["application/json"]["schema"]) if content else {}
    good = [answer for status, answer in told["responses"].items() if status.startswith("2")]
    answers = [answer["content"]["application/json"] for answer in good if _in_json(answer)]
    return Operation(
        frozenset(taken) - OTHER_NAMES.get(request, set()),
        frozenset(body.get("properties", {})),
        tuple(resolved(answer["schema"]) for answer in answers),
    )


def _in_json(answer: Schema) -> bool:
    return "application/json" in answer.get("content", {})
