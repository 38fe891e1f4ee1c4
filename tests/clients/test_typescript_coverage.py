"""The TypeScript client is the reference in TypeScript: each operation has one method, declared
with the fields that it takes and answers, and the method that is declared is there."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.declarations import Declarations, Method
from tests.clients.reference import ALIASES, Operation, Schema, operations, resolved
from tests.clients.test_typescript import CLIENT, NODE, run_node

pytestmark = pytest.mark.skipif(NODE is None, reason="node absent: what runs in it is not run.")

DECLARED = Declarations(CLIENT / "src")
ITSELF = "MyAgentMail"
# Answers that are not JSON, and none.
PLAIN = {"string", "Uint8Array", "void"}

CALL_ALL = """
const seen = [];
const fetch = async (url, { method, body }) => {
  const { pathname, searchParams } = new URL(url);
  seen.push([
    method, pathname.replace("/v1/", "").replaceAll("~", "{}"),
    [...searchParams.keys()], body ? Object.keys(JSON.parse(body)) : [],
  ]);
  return new Response("{}");
};
const mam = new MyAgentMail({ apiKey: "ak_key", fetch });
for (const [group, method, given] of JSON.parse(process.env.CALLS)) {
  await (group ? mam[group] : mam)[method](...given);
}
const methods = Object.entries(mam).flatMap(([name, group]) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(group))
    .filter((method) => method !== "constructor").map((method) => `${name}.${method}`));
console.log(JSON.stringify({ seen, methods }));
"""


@dataclass(frozen=True)
class Called:
    """A method as it is declared, and the request that it made."""

    group: str
    method: Method
    request: tuple[str, str]
    query: frozenset[str]
    body: frozenset[str]

    @property
    def operation(self) -> Operation:
        return operations()[self.request]


def declared() -> list[tuple[str, Method]]:
    """Every method that is one call of the API, with the name of its group."""
    groups = DECLARED.field_types(ITSELF)
    found = [(name, one) for name, kind in groups.items() for one in DECLARED.methods(kind)]
    own = [one for one in DECLARED.methods(ITSELF) if one.name in ("me", "metrics")]
    return found + [("", one) for one in own]


def given(kind: str) -> Any:
    """A value with every field that the type has."""
    if kind == "string":
        return "~"
    return {} if kind.endswith("Options") else dict.fromkeys(DECLARED.fields(kind), "x")


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """Every method called with everything that it takes."""
    calls = [
        [group, one.name, [given(kind) for kind in one.arguments]] for group, one in declared()
    ]
    (printed,) = run_node(CALL_ALL, CALLS=json.dumps(calls))
    return dict(printed)


@pytest.fixture(scope="module")
def called(told) -> list[Called]:
    return [
        Called(group, one, (method, path), frozenset(query), frozenset(body))
        for (group, one), (method, path, query, body) in zip(declared(), told["seen"], strict=True)
    ]


def test_what_is_declared_is_there_and_what_is_there_is_declared(told):
    assert sorted(told["methods"]) == sorted(
        f"{group}.{one.name}" for group, one in declared() if group
    )


def test_every_operation_has_a_method_and_every_method_an_operation(called):
    assert {one.request for one in called} == set(operations()) - ALIASES


def test_each_method_takes_what_its_operation_takes(called):
    wrong = {}
    for one in called:
        query, body = one.query ^ one.operation.query, one.body ^ one.operation.body
        if query or body:
            wrong[f"{one.group}.{one.method.name}"] = (query, body)
    assert wrong == {}


def test_each_method_answers_what_is_declared(called):
    wrong: dict[str, set[str]] = {}
    for one in called:
        answers = one.operation.answers
        if one.method.plural:
            answers = tuple(resolved(a["properties"][one.method.plural]["items"]) for a in answers)
        assert bool(answers) == (one.method.answers not in PLAIN)
        fields = {name: schema for a in answers for name, schema in a["properties"].items()}
        if answers:
            compare(one.method.answers, fields, f"{one.group}.{one.method.name}", wrong)
    assert wrong == {}


def compare(kind: str, fields: dict[str, Schema], path: str, wrong: dict[str, set[str]]) -> None:
    """Note where an interface and a schema differ, all the way down."""
    if different := DECLARED.fields(kind) ^ set(fields):
        wrong[path] = different
    types = DECLARED.field_types(kind)
    for name, schema in fields.items():
        inner = resolved(schema)
        if inner.get("type") == "array":
            inner = resolved(inner["items"])
        if types.get(name) in DECLARED and "properties" in inner:
            compare(types[name], inner["properties"], f"{path}.{name}", wrong)
