"""What the declarations of the TypeScript client say: interfaces, their fields and methods.

Reads the plain form they are kept in: interfaces and classes with `extends`, members ended by `;`,
types that are names. Enough to hold them against the reference; no compiler is needed.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_INTERFACE = re.compile(
    r"export (?:interface|class) (\w+)(?: extends (\w+))? \{(.*?)\}\n(?=\S|\n|\Z)", re.DOTALL
)
_METHOD = re.compile(r"(\w+)\((.*?)\): (.*)", re.DOTALL)
_COMMENT = re.compile(r"/\*\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Method:
    """`arguments` are the types in their order; `answers` the type in Promise, or that of a list's
    items, whose name is `plural`."""

    name: str
    arguments: tuple[str, ...]
    answers: str
    plural: str | None


class Declarations:
    """All that the files of a folder declare."""

    def __init__(self, folder: Path) -> None:
        text = "".join(one.read_text() + "\n" for one in sorted(folder.glob("*.d.ts")))
        text = _COMMENT.sub("", text)
        self._found = {
            name: (base, _members(body)) for name, base, body in _INTERFACE.findall(text)
        }

    def fields(self, name: str) -> set[str]:
        """Of an interface and those it extends."""
        base, members = self._found[name]
        own = {found[1] for one in members if (found := re.match(r"(?:readonly )?(\w+)\??:", one))}
        return own | (self.fields(base) if base in self else set())

    def field_types(self, name: str) -> dict[str, str]:
        """The named type of each field, without null and `[]`."""
        base, members = self._found[name]
        own = {}
        for one in members:
            if found := re.fullmatch(r"(?:readonly )?(\w+)\??: (\w+)(?:\[\])?(?: \| null)?", one):
                own[found[1]] = found[2]
        return own | (self.field_types(base) if base in self else {})

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def methods(self, name: str) -> list[Method]:
        return [
            _method(*found.groups())
            for one in self._found[name][1]
            if (found := _METHOD.fullmatch(one))
        ]


def _members(body: str) -> list[str]:
    """The members of an interface; what is nested stays whole."""
    found, depth, start = [], 0, 0
    for place, letter in enumerate(body + ";"):
        depth += (letter in "{(") - (letter in "})")
        if letter == ";" and not depth:
            found.append(" ".join(body[start:place].split()))
            start = place + 1
    return [one for one in found if one]


def _method(name: str, arguments: str, answer: str) -> Method:
    types = tuple(_bare(one.split(": ")[1]) for one in arguments.split(", ") if one)
    listed = re.fullmatch(r'Pages<"(\w+)", (.+)>', answer)
    if listed:
        return Method(name, types, _bare(listed[2]), listed[1])
    return Method(name, types, _bare(answer.removeprefix("Promise<").removesuffix(">")), None)


def _bare(name: str) -> str:
    return name.removeprefix("told.").removeprefix("given.")
