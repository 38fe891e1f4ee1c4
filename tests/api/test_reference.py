"""The browsable reference: everything that the document tells, and nothing that the policy bans."""

import re

from mailagent.openapi import document
from mailagent.reference import arranged
from tests.api.conftest import Client


def test_every_operation_is_on_the_page(db):
    page = Client().get("/v1/docs").content.decode()
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            assert f'id="{operation["operationId"]}"' in page
            assert f'data-method="{method.upper()}" data-path="{path}"' in page


def test_the_page_has_nothing_inline_and_asks_nobody_else(db):
    response = Client().get("/v1/docs")
    page = response.content.decode()
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", page) == []
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(source.startswith(("/", "#")) for source in sources)


def test_descriptions_are_text_with_code_in_it():
    operation = {
        "operationId": "getThing",
        "description": "Takes `a` & <b>.",
        "responses": {"200": {"description": ""}},
    }
    ((chapter,)) = arranged({"paths": {"/v1/things": {"get": operation}}})
    (told,) = chapter.operations
    assert told.title == "Get thing"
    assert told.description == "Takes <code>a</code> &amp; &lt;b&gt;."


def test_an_example_shows_what_must_be_there():
    schema = {
        "type": "object",
        "properties": {
            "to": {"oneOf": [{"type": "string"}, {"type": "null"}]},
            "count": {"type": "integer"},
        },
        "required": ["to"],
    }
    operation = {
        "operationId": "sendThing",
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/x/Thing"}}}},
        "responses": {},
    }
    told = {"paths": {"/v1/a": {"post": operation}}, "components": {"schemas": {"Thing": schema}}}
    body = arranged(told)[0].operations[0].json_body
    assert body is not None
    assert body.example == '{\n  "to": "ann@example.com"\n}'
    assert [(one.name, one.kind, one.required) for one in body.fields] == [
        ("to", "string or null", True),
        ("count", "integer", False),
    ]
