"""The Python client has a method for every operation that the reference tells of."""

import inspect
import re
from typing import Any

import pytest
from mailagent_client import MailAgent
from mailagent_client.calls import Call, Group, Listing, call, listing

from mailagent.openapi import document

# Two names of one deed: the client uses the other one.
ALIASES = {
    ("POST", "inboxes/{}/reply/{}"),
    ("POST", "inboxes/{}/reply-all/{}"),
    ("POST", "inboxes/{}/forward/{}"),
    ("GET", "domains/{}/verify"),
}


def described(method: call[Any, Any] | listing[Any, Any]) -> tuple[str, str]:
    """The operation that a method of the client calls, found by describing one call."""
    given: dict[str, Any] = {
        name: "x"
        for name, parameter in inspect.signature(method.describe).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    given["self"] = None
    told: Call[Any] | Listing[Any] = method.describe(**given)
    first = told.first if isinstance(told, Listing) else told
    return first.method, first.route


def of_client() -> set[tuple[str, str]]:
    with MailAgent("ak_key") as api:
        groups = [one for one in vars(api).values() if isinstance(one, Group)]
    return {
        described(method)
        for group in groups
        for method in vars(type(group)).values()
        if isinstance(method, call | listing)
    }


def of_reference() -> set[tuple[str, str]]:
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path.removeprefix("/v1/")))
        for path, operations in document()["paths"].items()
        for method in operations
    }


@pytest.mark.django_db
def test_every_operation_of_the_reference_has_a_method():
    assert of_reference() - ALIASES - of_client() == set()
