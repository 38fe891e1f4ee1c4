"""The OpenAPI document: whole, valid, and true in its examples."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from mailagent.openapi import TAGS
from tests.api.conftest import Client

JSON = "application/json"


@cache
def document() -> dict[str, Any]:
    return json.loads(Client().get("/v1/openapi.json").content)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def answers(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each status with its answer, behind references."""
    for status, answer in operation["responses"].items():
        name = answer.get("$ref", "").rpartition("/")[2]
        yield status, document()["components"]["responses"][name] if name else answer


def examples(media: dict[str, Any]) -> list[Any]:
    named = [one["value"] for one in media.get("examples", {}).values()]
    return [*named, media["example"]] if "example" in media else named


def test_the_document_needs_no_key(db):
    response = Client().get("/v1/openapi.json")
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.1")
    assert Client().get("/v1/openapi.yaml").content.startswith(b"openapi: 3.1")


def test_it_is_valid_and_the_same_in_both_forms(db):
    validate_schema(document())
    assert yaml.safe_load(Client().get("/v1/openapi.yaml").content) == document()


def test_every_operation_names_itself_and_its_refusals(db):
    seen = []
    for method, path, operation in operations():
        seen.append(operation["operationId"])
        assert {"400", "401", "403", "404", "503"} <= operation["responses"].keys(), path
        assert operation.get("description"), f"{method} {path} says nothing"
        assert operation.get("summary"), f"{method} {path} has no title"
        assert set(operation["tags"]) <= TAGS.keys()
    assert len(seen) == len(set(seen))
    assert [name for name in seen if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name)] == []


def test_every_parameter_is_described_or_named_by_its_kind(db):
    for method, path, operation in operations():
        for parameter in operation["parameters"]:
            assert parameter["schema"], (method, path, parameter)
            if parameter["in"] != "query":
                assert parameter["description"], (method, path, parameter)


def test_every_body_has_examples_and_they_keep_its_schema(db):
    shown = 0
    for method, path, operation in operations():
        bodies = [operation.get("requestBody", {})] + [one for _, one in answers(operation)]
        for media in (body["content"][JSON] for body in bodies if JSON in body.get("content", {})):
            whole = {**document(), **media["schema"]}
            for value in examples(media):
                shown += 1
                faults = [one.message for one in Draft202012Validator(whole).iter_errors(value)]
                assert faults == [], (method, path, value)
            assert examples(media), (method, path)
    assert shown > 500


def test_refusals_show_the_codes_that_their_operation_speaks_of(db):
    patch = document()["paths"]["/v1/inboxes/{inbox_id}/drafts/{draft_id}"]["patch"]
    (conflict,) = (one for status, one in answers(patch) if status == "409")
    assert "VERSION_CONFLICT" in conflict["content"][JSON]["examples"]
    listed = document()["paths"]["/v1/events"]["get"]
    (expired,) = (one for status, one in answers(listed) if status == "409")
    assert "CURSOR_EXPIRED" in expired["content"][JSON]["examples"]


def test_every_answer_names_its_headers(db):
    for _, path, operation in operations():
        for status, answer in answers(operation):
            assert "X-Request-Id" in answer["headers"], path
            assert ("Retry-After" in answer["headers"]) == (status in ("429", "503")), path


def test_bodies_are_closed(db):
    """What the document does not name is refused, and it says so."""
    for method, path, operation in operations():
        media = operation.get("requestBody", {}).get("content", {}).get(JSON)
        if media is not None:
            name = media["schema"]["$ref"].rpartition("/")[2]
            schema = document()["components"]["schemas"][name]
            assert schema["additionalProperties"] is False, (method, path)


def test_words_of_python_do_not_reach_the_wire(db):
    schemas = document()["components"]["schemas"]
    assert "from" in schemas["Message"]["properties"]
    parameters = document()["paths"]["/v1/inboxes/{inbox_id}/messages"]["get"]["parameters"]
    assert {"from", "to", "q", "cursor", "limit"} <= {one["name"] for one in parameters}


def test_either_way_to_present_a_key_is_enough(db):
    assert set(document()["components"]["securitySchemes"]) == {"ApiKey", "Bearer"}
    for _, path, operation in operations():
        assert operation["security"] == [{"ApiKey": []}, {"Bearer": []}], path
