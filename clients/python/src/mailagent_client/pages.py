"""Lists, a page at a time, asked for as one goes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar

from mailagent_client.calls import Call, Listing, Page

T = TypeVar("T")
Answer = dict[str, Any]


class Pages(Generic[T]):
    """Iterate over it for the items of all pages."""

    def __init__(self, run: Callable[[Call[Answer]], Answer], listing: Listing[T]) -> None:
        self._run = run
        self._listing = listing

    def page(self) -> Page[T]:
        """The first page only, with `total` and `cursor`."""
        return next(self.pages())

    def pages(self) -> Iterator[Page[T]]:
        following: Call[Answer] | None = self._listing.first
        while following is not None:
            page = self._listing.after(following, self._run(following))
            yield page
            following = page.following

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items


class AsyncPages(Generic[T]):
    """`async for` over it gives the items of all pages."""

    def __init__(
        self, run: Callable[[Call[Answer]], Awaitable[Answer]], listing: Listing[T]
    ) -> None:
        self._run = run
        self._listing = listing

    async def page(self) -> Page[T]:
        """The first page only, with `total` and `cursor`."""
        return await anext(self.pages())

    async def pages(self) -> AsyncIterator[Page[T]]:
        following: Call[Answer] | None = self._listing.first
        while following is not None:
            page = self._listing.after(following, await self._run(following))
            yield page
            following = page.following

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item
