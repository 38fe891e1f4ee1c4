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

from mailagent.openapi import TAGS, document, words_of
from mailagent.openapi_examples import Examples

Schema = Mapping[str, Any]


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
    codes: tuple[str, ...] = ()

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
    about: str = ""


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
    return tuple(
        Chapter(tag, tuple(by_tag[tag]), TAGS.get(tag, "")) for tag in sorted(by_tag, key=_place)
    )


def _place(tag: str) -> tuple[int, str]:
    """What a reader needs first comes first; tags that are not described follow by name."""
    order = list(TAGS)
    return (order.index(tag) if tag in order else len(order), tag)


class _Reader:
    """Reads operations and schemas, following references within one document."""

    def __init__(self, told: Schema) -> None:
        components = told.get("components", {})
        self._examples = Examples(components.get("schemas", {}))
        self._answers: Schema = components.get("responses", {})

    def operation(self, method: str, path: str, told: Schema) -> Operation:
        return Operation(
            name=str(told["operationId"]),
            method=method.upper(),
            path=path,
            title=str(told.get("summary") or words_of(told["operationId"])),
            description=_prose(str(told.get("description", ""))),
            is_public=not told.get("security", [{}])[0],
            parameters=tuple(map(self._parameter, _path_first(told.get("parameters", [])))),
            bodies=self._bodies(told.get("requestBody", {}), asked=True),
            answers=tuple(
                self._answer(status, answer) for status, answer in sorted(told["responses"].items())
            ),
        )

    def _answer(self, status: str, told: Schema) -> Answer:
        if "$ref" in told:
            told = self._answers[told["$ref"].rpartition("/")[2]]
        media = told.get("content", {}).get("application/json", {})
        codes = tuple(media.get("examples", ())) if status >= "4" else ()
        return Answer(status, _prose(str(told.get("description", ""))), self._bodies(told), codes)

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
            shown = self._examples.asking(schema) if asked else self._examples.made(schema)
        example = "" if shown is None else json.dumps(shown, indent=2, ensure_ascii=False)
        return Body(content_type, tuple(self._fields(schema)), example)

    def _fields(self, schema: Schema) -> Iterator[Field]:
        resolved = self._examples.resolved(schema)
        needed = resolved.get("required", ())
        for name, told in resolved.get("properties", {}).items():
            described = told.get("description") or self._examples.resolved(told).get(
                "description", ""
            )
            yield Field(name, "body", self._kind(told), name in needed, _prose(str(described)))

    def _kind(self, schema: Schema) -> str:
        """The type in words: "string", "list of string", "one of a, b", "integer or null"."""
        if options := schema.get("oneOf") or schema.get("anyOf"):
            kinds = [self._kind(one) for one in options]
            return " or ".join(kind for kind in dict.fromkeys(kinds) if kind != "one of ")
        resolved = self._examples.resolved(schema)
        if choices := resolved.get("enum"):
            return "one of " + ", ".join(str(one) for one in choices if one not in ("", None))
        given = resolved.get("type", "any")
        names = [given] if isinstance(given, str) else list(given)
        return " or ".join(self._named(name, resolved) for name in names)

    def _named(self, name: str, schema: Schema) -> str:
        if name == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        return str(schema.get("format", name)) if name == "string" else name


def _prose(text: str) -> SafeString:
    """Text from the document as HTML: `names` as code; its lists of choices are told elsewhere."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("* `"))
    return mark_safe(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(kept)))  # noqa: S308


def _path_first(parameters: list[Schema]) -> list[Schema]:
    order = ("path", "query", "header")
    return sorted(parameters, key=lambda one: (order.index(one["in"]), not one.get("required")))
