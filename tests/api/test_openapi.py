import json

from tests.api.conftest import Client


def document() -> dict:
    return json.loads(Client().get("/v1/openapi.json").content)


def test_the_document_needs_no_key(db):
    response = Client().get("/v1/openapi.json")
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.1")
    assert Client().get("/v1/openapi.yaml").content.startswith(b"openapi: 3.1")


def test_every_operation_names_itself_and_its_refusals(db):
    seen = []
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            seen.append(operation["operationId"])
            assert {"400", "401", "403", "404", "503"} <= operation["responses"].keys(), path
            assert operation.get("description"), f"{method} {path} says nothing"
    assert len(seen) == len(set(seen))


def test_words_of_python_do_not_reach_the_wire(db):
    schemas = document()["components"]["schemas"]
    assert "from" in schemas["Message"]["properties"]
    parameters = document()["paths"]["/v1/inboxes/{inbox_id}/messages"]["get"]["parameters"]
    assert {"from", "to", "q", "cursor", "limit"} <= {one["name"] for one in parameters}


def test_both_ways_to_present_a_key_are_told(db):
    told = document()
    assert set(told["components"]["securitySchemes"]) == {"ApiKey", "Bearer"}
