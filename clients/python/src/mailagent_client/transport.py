"""Running calls over HTTP, and when to try again: decided once, for both transports."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from mailagent_client.calls import Call, Listing
from mailagent_client.errors import Unreachable, refusal
from mailagent_client.pages import AsyncPages, Pages

R = TypeVar("R")
T = TypeVar("T")
# Worth another try: too much, or a server or a proxy in trouble for now.
_PASSING = (429, 502, 503, 504)
# Nothing was asked yet when these happen: any call may be tried again.
_UNASKED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Settings:
    """How a client reaches its server."""

    api_key: str
    base_url: str
    timeout: float = 30.0
    retries: int = 4
    # The first pause is up to this many seconds, each further one up to twice as many.
    pause: float = 0.5
    most_pause: float = 30.0
    # When the server asks to wait longer than this, its refusal is raised at once.
    longest_wait: float = 120.0

    @property
    def http(self) -> dict[str, Any]:
        headers = {"X-API-Key": self.api_key, "User-Agent": "mailagent-client/0.1.0"}
        return {"base_url": f"{self.root}/v1/", "headers": headers, "timeout": self.timeout}

    @property
    def root(self) -> str:
        """The base URL, whether it was given with or without `/v1`."""
        return self.base_url.rstrip("/").removesuffix("/v1")

    def jitter(self, attempt: int) -> float:
        """A random pause before the next attempt, in seconds; `attempt` counts from 0."""
        most = min(self.most_pause, self.pause * 2**attempt)
        return random.uniform(most / 2, most)  # noqa: S311


class Attempts:
    """How often one call was tried. Each way to fail answers the pause, or raises."""

    def __init__(self, call: Call[Any], settings: Settings) -> None:
        self.call = call
        self.settings = settings
        self.made = 0

    def after_error(self, error: httpx.TransportError) -> float:
        safe = self.call.repeatable or isinstance(error, _UNASKED)
        if not safe or self.made >= self.settings.retries:
            raise Unreachable(f"{self.call.method} {self.call.route}: {error!r}") from error
        return self._next()

    def after(self, response: httpx.Response) -> float | None:
        """None when the answer is good."""
        if response.is_success:
            return None
        passing = response.status_code in _PASSING or _in_flight(response)
        if not (passing and self.call.repeatable) or self.made >= self.settings.retries:
            raise refusal(response)
        if (wait := _retry_after(response.headers)) > self.settings.longest_wait:
            raise refusal(response)
        return max(self._next(), wait)

    def _next(self) -> float:
        pause = self.settings.jitter(self.made)
        self.made += 1
        return pause


def _in_flight(response: httpx.Response) -> bool:
    """An earlier attempt of ours is still being worked on: its answer will come."""
    return response.status_code == 409 and refusal(response).code == "IDEMPOTENCY_IN_FLIGHT"


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds. An HTTP date, which our server never sends, counts as nothing."""
    told = headers.get("Retry-After", "")
    return float(told) if told.isdigit() else 0.0


def _request(http: httpx.Client | httpx.AsyncClient, call: Call[Any]) -> httpx.Request:
    return http.build_request(
        call.method,
        call.path,
        params=dict(call.params),
        json=None if call.files else call.body,
        data=dict(call.body or {}) if call.files else None,
        files=call.files,
        headers=dict(call.headers),
    )


class SyncTransport:
    """Runs calls at once."""

    def __init__(self, settings: Settings, http: httpx.Client | None = None) -> None:
        self.settings = settings
        self.http = http or httpx.Client(**settings.http)

    def run(self, call: Call[R]) -> R:
        attempts = Attempts(call, self.settings)
        while True:
            try:
                response = self.http.send(_request(self.http, call))
            except httpx.TransportError as error:
                pause = attempts.after_error(error)
            else:
                if (again := attempts.after(response)) is None:
                    return call.read(response)
                pause = again
            time.sleep(pause)

    def pages(self, listing: Listing[T]) -> Pages[T]:
        return Pages(self.run, listing)


class AsyncTransport:
    """Runs calls when awaited."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient | None = None) -> None:
        self.settings = settings
        self.http = http or httpx.AsyncClient(**settings.http)

    async def run(self, call: Call[R]) -> R:
        attempts = Attempts(call, self.settings)
        while True:
            try:
                response = await self.http.send(_request(self.http, call))
            except httpx.TransportError as error:
                pause = attempts.after_error(error)
            else:
                if (again := attempts.after(response)) is None:
                    return call.read(response)
                pause = again
            await asyncio.sleep(pause)

    def pages(self, listing: Listing[T]) -> AsyncPages[T]:
        return AsyncPages(self.run, listing)
