"""Regular expressions that every supported Python reads alike."""

import importlib
import pkgutil
import re
import re._constants as code
import re._parser as parser
from collections.abc import Iterator

import pytest

PACKAGES = (
    "inboxes",
    "tracking",
    "outbound",
    "drafts",
    "servers",
    "events",
    "accounts",
    "learning",
)


def modules() -> list[str]:
    paths = (importlib.import_module(name) for name in PACKAGES)
    found = (pkgutil.walk_packages(each.__path__, f"{each.__name__}.") for each in paths)
    return [each.name for group in found for each in group if ".migrations" not in each.name]


def possessive_groups(pattern) -> Iterator[str]:
    for operation, argument in pattern:
        if operation is code.ATOMIC_GROUP:
            yield "atomic group"
            yield from possessive_groups(argument)
        elif operation is code.POSSESSIVE_REPEAT:
            body = argument[2]
            if len(body) > 1 or body[0][0] not in (
                code.IN,
                code.LITERAL,
                code.NOT_LITERAL,
                code.ANY,
            ):
                yield "possessive group"
            yield from possessive_groups(body)
        elif operation in (code.MAX_REPEAT, code.MIN_REPEAT):
            yield from possessive_groups(argument[2])
        elif operation is code.SUBPATTERN:
            yield from possessive_groups(argument[3])
        elif operation is code.BRANCH:
            for branch in argument[1]:
                yield from possessive_groups(branch)
        elif operation in (code.ASSERT, code.ASSERT_NOT):
            yield from possessive_groups(argument[1])


def _flags(pattern) -> int:
    return pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags


@pytest.mark.parametrize("module", modules())
def test_no_pattern_has_a_possessive_group(module):
    # Python 3.11.0 to 3.11.4 match "(?:...)*+" and "(?>...)" wrongly (CPython gh-106052), and
    # Debian 12 comes with 3.11.2: each mail would be stored with an empty header.
    patterns = {
        name: each
        for name, each in vars(importlib.import_module(module)).items()
        if isinstance(each, re.Pattern)
    }

    wrong = {
        name: found
        for name, each in patterns.items()
        if (found := list(possessive_groups(parser.parse(each.pattern, _flags(each)))))
    }
    assert wrong == {}
