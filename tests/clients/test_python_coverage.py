"""The Python client is the reference in Python: each operation has one method, each method one
operation, which takes the same fields and answers what the types say."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from mailagent_client import AsyncMailAgent, MailAgent
from mailagent_client.calls import Call, Group, Listing, call, listing

from tests.clients.reference import ALIASES, Operation, operations, resolved

# The log tells more than its schema, field by field for each type of event.
OPEN_ENDED = {"PolledEvent"}


@dataclass(frozen=True)
class Method:
    """A method of the client, and the call it describes with every argument given."""

    name: str
    call: Call[Any]
    plural: str | None
    answers: Any


def keywords(describe: Callable[..., Any]) -> list[str]:
    """Every argument that the method takes by name."""
    names = [name for name in inspect.signature(describe).parameters if name != "self"]
    hints = get_type_hints(describe)
    for name in names:
        (*_, taken) = get_args(hints[name]) or (None,)
        if is_typeddict(taken) and _is_keywords(describe, name):
            return [one for one in names if one != name] + sorted(get_type_hints(taken))
    return names


def _is_keywords(describe: Callable[..., Any], name: str) -> bool:
    return inspect.signature(describe).parameters[name].kind is inspect.Parameter.VAR_KEYWORD


def described(name: str, method: call[Any, Any] | listing[Any, Any]) -> Method:
    given: dict[str, Any] = dict.fromkeys(keywords(method.describe), "x")
    told: Call[Any] | Listing[Any] = method.describe(None, **given)
    (answers,) = get_args(get_type_hints(method.describe)["return"])
    if isinstance(told, Listing):
        return Method(name, told.first, told.plural, answers)
    return Method(name, told, None, answers)


def methods() -> Iterator[Method]:
    with MailAgent("ak_key") as api:
        groups = {name: one for name, one in vars(api).items() if isinstance(one, Group)}
    for group_name, group in groups.items():
        for name, method in vars(type(group)).items():
            if isinstance(method, call | listing):
                yield described(f"{group_name}.{name}", method)


METHODS = list(methods())


def operation_of(method: Method) -> Operation:
    return operations()[method.call.method, method.call.route]


def test_every_operation_of_the_reference_has_a_method_and_every_method_an_operation():
    called = [(method.call.method, method.call.route) for method in METHODS]
    assert set(called) == set(operations()) - ALIASES


def test_both_clients_have_the_same_groups():
    groups = [
        {name: type(one) for name, one in vars(client("ak_key")).items() if isinstance(one, Group)}
        for client in (MailAgent, AsyncMailAgent)
    ]
    assert groups[0] == groups[1]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_takes_what_its_operation_takes(method):
    operation = operation_of(method)
    assert set(method.call.params) == operation.query
    file = {"filename", "contentType", "content", "contentId", "inline"} & operation.body
    given = set(method.call.body or {}) | (file if method.call.files else set())
    assert given == operation.body


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_answers_what_its_type_says(method):
    answers = operation_of(method).answers
    if method.plural:
        answers = tuple(resolved(one["properties"][method.plural]["items"]) for one in answers)
    assert bool(answers) == is_typeddict(method.answers)
    told = {name: one for schema in answers for name, one in schema["properties"].items()}
    if answers:
        compare(method.answers, told, method.name)


def compare(hint: Any, told: dict[str, Any], path: str) -> None:
    """The fields of a TypedDict and those of a schema are the same, all the way down."""
    known = get_type_hints(hint)
    if hint.__name__ in OPEN_ENDED:
        assert set(told) <= set(known), path
    else:
        assert set(told) == set(known), path
    for name, schema in told.items():
        inner, hinted = resolved(schema), known[name]
        if inner.get("type") == "array":
            inner = resolved(inner["items"])
        if deeper := [one for one in _parts(hinted) if is_typeddict(one)]:
            assert len(deeper) == 1, f"{path}.{name}"
            if "properties" in inner:
                compare(deeper[0], inner["properties"], f"{path}.{name}")


def _parts(hint: Any) -> Iterator[Any]:
    """The types in a list or a union."""
    if get_origin(hint) in (list, Union, UnionType):
        for part in get_args(hint):
            yield from _parts(part)
    elif hint is not NoneType:
        yield hint
