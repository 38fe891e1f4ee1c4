"""The browsable reference at /v1/docs: the OpenAPI document as a page, made once per process."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from mailagent.openapi import document

Schema = Mapping[str, Any]

# What a reader needs first comes first; tags that are not named here follow by name.
ORDER = ("keys", "inboxes", "messages", "threads", "drafts", "events", "webhooks", "domains")
_DEEPEST = 6
# What the values of fields of that name look like.
_NAMED = {
    "to": "ann@example.com",
    "from": "ann@example.com",
    "address": "ann@example.com",
    "email": "support@company.com",
    "cc": [],
    "bcc": [],
    "subject": "Your invoice",
    "plainBody": "Hello Ann, your invoice is attached.",
    "htmlBody": "<p>Hello Ann, your invoice is attached.</p>",
    "displayName": "Support",
    "username": "support",
    "domain": "company.com",
    "category": "billing",
    "confidence": 0.9,
    "metadata": {"confidence": 0.9, "llmReasoning": "They ask for an invoice."},
    "filename": "invoice.pdf",
    "contentType": "application/pdf",
    "content": "JVBERi0xLjcK",
    "url": "https://agent.example/hook",
    "events": ["message.received"],
    "permissions": ["read", "draft"],
    "labels": ["urgent"],
    "addLabels": ["urgent"],
    "removeLabels": ["new"],
    "reason": "They asked for it.",
}
# Of a body with nothing that must be there, the example shows these, as far as it has them.
_TELLING = (
    *("replyToMessageId", "plainBody", "metadata", "username", "domain", "displayName"),
    *("isRead", "addLabels", "status", "url", "name"),
)
_OF_FORMAT = {
    "uuid": "01980a53-6f7c-7d1e-9f0a-2b1c3d4e5f60",
    "date-time": "2026-11-21T04:05:06.789Z",
    "date": "2026-11-21",
    "email": "ann@example.com",
    "uri": "https://agent.example/hook",
    "binary": "…",
}


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    place: str  # "path", "query", "header" or "body"
    kind: str
    required: bool
    description: SafeString


@dataclass(frozen=True)
class Body:
    """What is sent or answered with one content type."""

    content_type: str
    fields: tuple[Field, ...]
    example: str


@dataclass(frozen=True)
class Answer:
    """One status that an operation can answer with."""

    status: str
    description: SafeString
    bodies: tuple[Body, ...]

    @property
    def is_refusal(self) -> bool:
        return self.status >= "4"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    name: str
    method: str
    path: str
    title: str
    description: SafeString
    is_public: bool
    parameters: tuple[Field, ...]
    bodies: tuple[Body, ...]
    answers: tuple[Answer, ...]

    @property
    def successes(self) -> list[Answer]:
        return [answer for answer in self.answers if not answer.is_refusal]

    @property
    def refusals(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.is_refusal]

    @property
    def json_body(self) -> Body | None:
        return next((one for one in self.bodies if one.content_type == "application/json"), None)


@dataclass(frozen=True)
class Chapter:
    """The operations about one kind of thing."""

    name: str
    operations: tuple[Operation, ...]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """GET /v1/docs: for everybody, as the document is."""
    return render(request, "reference/reference.html", {"chapters": chapters()})


@cache
def chapters() -> tuple[Chapter, ...]:
    """The whole reference, in reading order."""
    return arranged(document())


def arranged(told: Schema) -> tuple[Chapter, ...]:
    """The operations of an OpenAPI document by their first tag."""
    reader = _Reader(told)
    by_tag: dict[str, list[Operation]] = {}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(reader.operation(method, path, operation))
    return tuple(Chapter(tag, tuple(by_tag[tag])) for tag in sorted(by_tag, key=_place))


def _place(tag: str) -> tuple[int, str]:
    return (ORDER.index(tag) if tag in ORDER else len(ORDER), tag)


class _Reader:
    """Reads operations and schemas, following references within one document."""

    def __init__(self, told: Schema) -> None:
        self._schemas: Schema = told.get("components", {}).get("schemas", {})

    def operation(self, method: str, path: str, told: Schema) -> Operation:
        return Operation(
            name=str(told["operationId"]),
            method=method.upper(),
            path=path,
            title=_words(str(told.get("summary") or told["operationId"])),
            description=_prose(str(told.get("description", ""))),
            is_public=not told.get("security", [{}])[0],
            parameters=tuple(map(self._parameter, _path_first(told.get("parameters", [])))),
            bodies=self._bodies(told.get("requestBody", {}), asked=True),
            answers=tuple(
                Answer(status, _prose(str(answer.get("description", ""))), self._bodies(answer))
                for status, answer in sorted(told["responses"].items())
            ),
        )

    def _parameter(self, told: Schema) -> Field:
        return Field(
            name=str(told["name"]),
            place=str(told["in"]),
            kind=self._kind(told.get("schema", {})),
            required=bool(told.get("required")),
            description=_prose(str(told.get("description", ""))),
        )

    def _bodies(self, told: Schema, *, asked: bool = False) -> tuple[Body, ...]:
        return tuple(
            self._body(content_type, media, asked)
            for content_type, media in told.get("content", {}).items()
        )

    def _body(self, content_type: str, media: Schema, asked: bool) -> Body:
        schema = media.get("schema", {})
        shown = next(
            (one["value"] for one in media.get("examples", {}).values() if "value" in one),
            media.get("example"),
        )
        if shown is None and content_type == "application/json":
            shown = self._asking(schema) if asked else self._example(schema)
        example = "" if shown is None else json.dumps(shown, indent=2, ensure_ascii=False)
        return Body(content_type, tuple(self._fields(schema)), example)

    def _resolved(self, schema: Schema) -> Schema:
        """The schema itself, behind references and the `oneOf [it, null]` of what may be null."""
        while True:
            if "$ref" in schema:
                schema = self._schemas[schema["$ref"].rpartition("/")[2]]
            elif len(schema.get("allOf", ())) == 1:
                schema = {**self._resolved(schema["allOf"][0]), **_without(schema, "allOf")}
            elif chosen := _first_real(schema.get("oneOf") or schema.get("anyOf") or ()):
                schema = chosen
            else:
                return schema

    def _fields(self, schema: Schema) -> Iterator[Field]:
        resolved = self._resolved(schema)
        needed = resolved.get("required", ())
        for name, told in resolved.get("properties", {}).items():
            described = told.get("description") or self._resolved(told).get("description", "")
            yield Field(name, "body", self._kind(told), name in needed, _prose(str(described)))

    def _kind(self, schema: Schema) -> str:
        """The type in words: "string", "list of string", "one of a, b", "integer or null"."""
        if options := schema.get("oneOf") or schema.get("anyOf"):
            kinds = [self._kind(one) for one in options]
            return " or ".join(kind for kind in dict.fromkeys(kinds) if kind != "one of ")
        resolved = self._resolved(schema)
        if choices := resolved.get("enum"):
            return "one of " + ", ".join(str(one) for one in choices if one not in ("", None))
        given = resolved.get("type", "any")
        names = [given] if isinstance(given, str) else list(given)
        return " or ".join(self._named(name, resolved) for name in names)

    def _named(self, name: str, schema: Schema) -> str:
        if name == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        return str(schema.get("format", name)) if name == "string" else name

    def _asking(self, schema: Schema) -> Any:
        """A request that does something: what must be there, and what tells most."""
        resolved = self._resolved(schema)
        fields = resolved.get("properties", {})
        chosen = [name for name in fields if name in resolved.get("required", ())]
        chosen += [name for name in _TELLING if name in fields and name not in chosen]
        return {name: self._example_of(name, fields[name], 1) for name in chosen or fields}

    def _example_of(self, name: str, schema: Schema, depth: int) -> Any:
        shown = _NAMED.get(name)
        is_list = self._resolved(schema).get("type") == "array"
        if shown is None or (is_list and not isinstance(shown, list)):
            return [shown] if is_list and shown is not None else self._example(schema, depth)
        return shown

    def _example(self, schema: Schema, depth: int = 0) -> Any:
        """Something that the schema allows, to be read by people."""
        resolved = self._resolved(schema)
        for told in ("example", "default", "const"):
            if told in resolved and not callable(resolved[told]):
                return resolved[told]
        if choices := resolved.get("examples") or resolved.get("enum"):
            return next(iter(choices))
        if depth > _DEEPEST:
            return None
        return self._made_up(resolved, depth)

    def _made_up(self, schema: Schema, depth: int) -> Any:
        kind = schema.get("type")
        kind = (
            next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
        )
        if kind == "object":
            fields = schema.get("properties", {})
            return {name: self._example_of(name, one, depth + 1) for name, one in fields.items()}
        if kind == "array":
            return [self._example(schema.get("items", {}), depth + 1)]
        if kind == "string":
            return _OF_FORMAT.get(schema.get("format", ""), "…")
        return {"integer": schema.get("minimum", 1), "number": 0.9, "boolean": True}.get(str(kind))


def _prose(text: str) -> SafeString:
    """Text from the document as HTML: `names` as code; its lists of choices are told elsewhere."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("* `"))
    return mark_safe(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(kept)))  # noqa: S308


def _words(name: str) -> str:
    """`getRawMessage` and `inboxes_reply_create` as people write."""
    spaced = "".join(f" {one.lower()}" if one.isupper() else one for one in name.replace("_", " "))
    return spaced.strip().capitalize()


def _path_first(parameters: list[Schema]) -> list[Schema]:
    order = ("path", "query", "header")
    return sorted(parameters, key=lambda one: (order.index(one["in"]), not one.get("required")))


def _without(schema: Schema, name: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != name}


def _first_real(options: Any) -> Schema | None:
    """The first that is more than null or blank."""
    real = (
        one
        for one in options
        if one.get("type") != "null" and one.get("enum") not in ([""], [None])
    )
    return next(iter(real), None) if options else None
