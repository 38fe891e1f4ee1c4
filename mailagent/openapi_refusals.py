"""What the OpenAPI document says of refusals: which statuses an operation can answer with, and
their codes, each with an example. The codes are those of the refusals themselves."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from events.errors import MailAgentError
from mailagent.errors import STATUS, body_of, status_of

REFUSAL: dict[str, Any] = {
    "type": "object",
    "description": "Every refusal: a sentence for people, a constant for programs.",
    "properties": {
        "error": {"type": "string", "minLength": 1},
        "code": {"type": "string", "pattern": "^[A-Z][A-Z_]+$"},
        "details": {
            "type": "object",
            "additionalProperties": {},
            "description": "With `VALIDATION_ERROR`: each field with its sentences.",
        },
    },
    "required": ["error", "code", "details"],
    "additionalProperties": False,
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
_STATE = {"409": "The state of things does not allow it (any more)."}
_WITH_BODY = {
    "413": "The body is too large.",
    "415": "The body is not of a type that we take.",
    "422": "The request is well formed and cannot be done.",
}
_COMMON: dict[str, tuple[str, dict[str, Any]]] = {
    "VALIDATION_ERROR": ("limit: Must be from 1 to 200.", {"limit": ["Must be from 1 to 200."]}),
    "UNAUTHENTICATED": ("This API key is unknown, revoked or expired.", {}),
    "PERMISSION_DENIED": (
        "This key does not have the permission `send`.",
        {"permission": "send"},
    ),
    "NOT_FOUND": ("There is no such thing, or it is out of reach of this key.", {}),
    "NOT_ACCEPTABLE": ("Could not satisfy the request Accept header.", {}),
    "RATE_LIMITED": (
        "At most 6000 requests a minute are allowed. Come back in 12 seconds.",
        {"limit": 6000, "retry_after": 12},
    ),
    "UNAVAILABLE": ("The database is away. Nothing was done; please try again.", {}),
}
_BODY: dict[str, tuple[str, dict[str, Any]]] = {
    "TOO_LARGE": ("A request body has at most 41943040 octets.", {"limit": 41943040}),
    "UNSUPPORTED_MEDIA_TYPE": ('Unsupported media type "text/xml" in request.', {}),
    "ERROR": ("The request cannot be done.", {}),
}
_ONCE: dict[str, tuple[str, dict[str, Any]]] = {
    "IDEMPOTENCY_MISMATCH": ("Another request was made under this name before.", {}),
    "IDEMPOTENCY_IN_FLIGHT": ("The first request of this name is still being answered.", {}),
}
_NAMED_CODE = re.compile(r"`([A-Z][A-Z]+(?:_[A-Z]+)+|SUPPRESSED)`")
_LATER = {"429", "503"}

Answers = dict[str, dict[str, Any]]


@cache
def codes() -> Mapping[str, type[MailAgentError]]:
    """Every code with the refusal that has it."""
    return {kind.code: kind for kind in _kinds(MailAgentError)}


def _kinds(kind: type[MailAgentError]) -> Iterator[type[MailAgentError]]:
    yield kind
    for further in kind.__subclasses__():
        yield from _kinds(further)


def refusals_of(method: str, operation: Mapping[str, Any]) -> Answers:
    """The refusals of an operation by status: those that all have, those of its method, and those
    whose codes its description names."""
    named = {code: _said_of(code) for code in _named_in(operation)}
    examples = named | _COMMON
    statuses = dict(_EVERYWHERE)
    if method in ("post", "patch", "put"):
        examples |= _BODY
        statuses |= _WITH_BODY
    if method == "post":
        examples |= _ONCE
    if method != "get" or any(_status_of(code) == "409" for code in named):
        statuses |= _STATE
        examples = {"CONFLICT": (_STATE["409"], {})} | examples
    by_status: dict[str, dict[str, Any]] = {status: {} for status in statuses}
    for code, (sentence, details) in examples.items():
        by_status[_status_of(code)][code] = {"value": body_of(code, sentence, details)}
    return {status: _answer(status, statuses[status], by_status[status]) for status in statuses}


def _named_in(operation: Mapping[str, Any]) -> list[str]:
    texts = [operation.get("description", "")]
    texts += [each.get("description", "") for each in operation.get("parameters", ())]
    texts += [each.get("description", "") for each in operation.get("responses", {}).values()]
    found = dict.fromkeys(_NAMED_CODE.findall("\n".join(texts)))
    return [code for code in found if code in codes()]


def _said_of(code: str) -> tuple[str, dict[str, Any]]:
    kind = codes()[code]
    # Of a class that says nothing for itself, what its kind says.
    told = next(one.__doc__ for one in kind.__mro__ if one.__doc__)
    return " ".join(told.split()).partition(". ")[0].rstrip(".") + ".", {}


def _status_of(code: str) -> str:
    if code in codes():
        kind = codes()[code]
        return str(int(status_of(kind.__new__(kind))))
    return str(int(STATUS[code]))


def _answer(status: str, description: str, examples: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Refusal"}
    media: dict[str, Any] = {"schema": schema}
    if examples:
        media["examples"] = examples
    answer: dict[str, Any] = {"description": description, "content": {"application/json": media}}
    if status in _LATER:
        answer["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    if status == "401":
        answer["headers"] = {"WWW-Authenticate": {"$ref": "#/components/headers/WwwAuthenticate"}}
    return answer
