"""A call of the API, described once and run by either transport.

A method of a group answers a description: a `Call`, or a `Listing` of calls. `@call` and
`@listing` turn it into a method that runs it: at once in a group of the sync client, to be awaited
in one of the async client. So there is one list of methods, and both clients are fully typed.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping, Sized
from dataclasses import dataclass, field, replace
from datetime import date
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    overload,
)
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx

if TYPE_CHECKING:
    from mailagent_client.pages import AsyncPages, Pages
    from mailagent_client.transport import AsyncTransport, SyncTransport

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
# Names of arguments that go into a header instead of the body.
_HEADERS = {"idempotency_key": "Idempotency-Key", "if_match": "If-Match"}


@dataclass(frozen=True)
class Call(Generic[R]):
    """One request, and how to read its answer."""

    method: str
    route: str  # as in the reference, ids left open: "inboxes/{}/messages/{}"
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    files: Mapping[str, Any] | None = None  # with these the body goes as a form
    headers: Mapping[str, str] = field(default_factory=dict)
    read: Callable[[httpx.Response], R] = field(default=lambda response: response.json())

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method in ("GET", "PUT", "DELETE") or "Idempotency-Key" in self.headers


@dataclass(frozen=True)
class Listing(Generic[T]):
    """The call for a first page, and the name of the list in its answers."""

    first: Call[dict[str, Any]]
    plural: str
    # The parameter that takes `nextCursor`.
    onward: str = "cursor"

    def after(self, asked: Call[dict[str, Any]], answer: dict[str, Any]) -> "Page[T]":
        """The answer to `asked` as a page that knows its follower."""
        items, told = answer[self.plural], answer["pagination"]
        following: Call[dict[str, Any]] | None = None
        if cursor := told.get("nextCursor"):
            # The event log has always a cursor to go on from; a short page is its present end.
            if self.onward == "cursor" or len(items) >= told["limit"]:
                params = {**asked.params, self.onward: cursor}
                params.pop("offset", None)
                following = replace(asked, params=params)
        elif items and "nextCursor" not in told and _reached(told, items) < told["total"]:
            params = {**asked.params, "offset": str(_reached(told, items))}
            following = replace(asked, params=params)
        return Page(items, told.get("total"), told.get("nextCursor"), following)


def _reached(told: Mapping[str, int], items: Sized) -> int:
    """Where in the list a page ends."""
    return told["offset"] + len(items)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items of a list."""

    items: list[T]
    total: int | None
    cursor: str | None
    following: Call[dict[str, Any]] | None


TransportT = TypeVar("TransportT", bound="SyncTransport | AsyncTransport")


class Group(Generic[TransportT]):
    """Methods about one kind of thing, bound to a transport."""

    def __init__(self, transport: TransportT) -> None:
        self._transport = transport


class call(Generic[P, R]):  # noqa: N801
    """A method of a group that runs the Call it describes."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[R]]) -> None:
        self.describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, group: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, group: "Group[SyncTransport]", owner: Any) -> Callable[P, R]: ...
    @overload
    def __get__(self, group: "Group[AsyncTransport]", owner: Any) -> Callable[P, Awaitable[R]]: ...
    def __get__(self, group: Any, owner: Any) -> Any:
        if group is None:
            return self

        @functools.wraps(self.describe)
        def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            return group._transport.run(self.describe(group, *args, **kwargs))

        return run


class listing(Generic[P, T]):  # noqa: N801
    """A method of a group that answers the pages of the Listing it describes."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Listing[T]]) -> None:
        self.describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, group: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, group: "Group[SyncTransport]", owner: Any) -> "Callable[P, Pages[T]]": ...
    @overload
    def __get__(
        self, group: "Group[AsyncTransport]", owner: Any
    ) -> "Callable[P, AsyncPages[T]]": ...
    def __get__(self, group: Any, owner: Any) -> Any:
        if group is None:
            return self

        @functools.wraps(self.describe)
        def pages(*args: P.args, **kwargs: P.kwargs) -> Any:
            return group._transport.pages(self.describe(group, *args, **kwargs))

        return pages


# --- Describing ----------------------------------------------------------------------------


def get(route: str, *ids: str, params: Mapping[str, Any] | None = None) -> Call[Any]:
    return Call("GET", route, _path(route, ids), params=_params(params))


def octets(route: str, *ids: str) -> Call[bytes]:
    return Call("GET", route, _path(route, ids), read=lambda response: response.content)


def text(route: str, *ids: str) -> Call[str]:
    return Call("GET", route, _path(route, ids), read=lambda response: response.text)


def post(
    route: str,
    *ids: str,
    fields: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    files: Mapping[str, Any] | None = None,
) -> Call[Any]:
    """A POST always carries an idempotency key: the caller's, or one made for this call."""
    body, headers = _split(fields or {})
    headers.setdefault("Idempotency-Key", str(uuid4()))
    return Call(
        "POST",
        route,
        _path(route, ids),
        params=_params(params),
        body=body,
        files=files,
        headers=headers,
    )


def patch(route: str, *ids: str, fields: Mapping[str, Any]) -> Call[Any]:
    body, headers = _split(fields)
    return Call("PATCH", route, _path(route, ids), body=body, headers=headers)


def delete(
    route: str,
    *ids: str,
    fields: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Call[None]:
    _, headers = _split(fields or {})
    return Call(
        "DELETE",
        route,
        _path(route, ids),
        params=_params(params),
        headers=headers,
        read=lambda response: None,
    )


def pages(
    plural: str,
    route: str,
    *ids: str,
    params: Mapping[str, Any] | None = None,
    onward: str = "cursor",
) -> Listing[Any]:
    return Listing(get(route, *ids, params=params), plural, onward)


def camel(name: str) -> str:
    """The wire's name of an argument: `plain_body` is `plainBody`, `from_` is `from`."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _path(route: str, ids: tuple[str, ...]) -> str:
    return route.format(*(quote(str(one), safe="@") for one in ids))


def _params(given: Mapping[str, Any] | None) -> dict[str, str]:
    return {camel(name): _param(value) for name, value in (given or {}).items()}


def _param(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(str(one) for one in value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _split(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The body, whose values go as they are (names inside `metadata` are yours), and headers."""
    headers = {_HEADERS[name]: str(fields[name]) for name in _HEADERS if name in fields}
    if "If-Match" in headers:
        headers["If-Match"] = f'"{headers["If-Match"]}"'
    body = {camel(name): _json(value) for name, value in fields.items() if name not in _HEADERS}
    return body, headers


def _json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
