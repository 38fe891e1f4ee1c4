"""Events over the WebSocket: reconnecting, and going on where one was."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, cast

from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from mailagent_client.errors import (
    ApiError,
    CursorExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthenticated,
    Unreachable,
)
from mailagent_client.results import Event
from mailagent_client.transport import Settings

_NO_LONGER_WELCOME = 4001
_MOST_OCTETS = 2 * 1024 * 1024
_REMEMBERED = 1024  # event ids; at the seam of a reconnect an event may come twice
_LOST = (OSError, ConnectionClosed, InvalidHandshake, EOFError)
_REFUSALS: dict[str, type[ApiError]] = {
    "VALIDATION_ERROR": InvalidRequest,
    "NOT_FOUND": NotFound,
    "PERMISSION_DENIED": Forbidden,
}


class Listening:
    """The state of one listener across connections, without any input or output of its own.

    Tries to connect again for ever, unless the server says that it is no use; `patience` limits
    how many times in a row.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        event_types: Sequence[str] = (),
        inbox_ids: Sequence[str] = (),
        workspace_ids: Sequence[str] = (),
        include_spam: bool = False,
        include_machines: bool = False,
        after: str | None = None,
        patience: int | None = None,
    ) -> None:
        self.settings = settings
        self.wanted = {
            "event_types": list(event_types),
            "inbox_ids": [str(one) for one in inbox_ids],
            "workspace_ids": [str(one) for one in workspace_ids],
            "include_spam": include_spam,
            "include_machines": include_machines,
        }
        self.cursor = after
        self.patience = patience
        self._failures = 0
        self._seen: deque[str] = deque(maxlen=_REMEMBERED)

    @property
    def url(self) -> str:
        return self.settings.root.replace("http", "ws", 1) + "/v1/ws"

    @property
    def options(self) -> dict[str, Any]:
        headers = {"X-API-Key": self.settings.api_key}
        return {
            "additional_headers": headers,
            "max_size": _MOST_OCTETS,
            "open_timeout": self.settings.timeout,
        }

    def subscribe(self) -> str:
        """The first frame on each connection."""
        after = {"after": self.cursor} if self.cursor else {}
        return json.dumps({"type": "subscribe", **self.wanted, **after})

    def take(self, text: str | bytes) -> Event | None:
        """The event that a frame tells, if it does and it is news. Raises on a refusal."""
        frame = json.loads(text)
        kind = frame.get("type")
        if kind == "error":
            refused = _REFUSALS.get(frame["code"], ApiError)
            raise refused(frame["message"], status=400, code=frame["code"])
        if kind == "reset":
            sentence = "The cursor is older than the event log."
            raise CursorExpired(sentence, status=409, code="CURSOR_EXPIRED")
        self._failures = 0
        if kind != "event":
            # A subscription and each ping say how far the log has been read for us.
            self.cursor = frame.get("cursor") or self.cursor
            return None
        self.cursor = frame["cursor"]
        if frame["event_id"] in self._seen:
            return None
        self._seen.append(frame["event_id"])
        return cast(Event, frame)

    def lost(self, error: Exception) -> float:
        """How many seconds to wait before connecting again. Raises where that is of no use."""
        if isinstance(error, InvalidStatus) and error.response.status_code in (401, 403):
            raise _turned_away(error.response.status_code) from error
        if isinstance(error, ConnectionClosed) and _code(error) == _NO_LONGER_WELCOME:
            raise _turned_away(401) from error
        if self.patience is not None and self._failures >= self.patience:
            raise Unreachable(f"{self.url}: {error!r}") from error
        pause = self.settings.jitter(min(self._failures, 16))
        self._failures += 1
        return pause


def _code(error: ConnectionClosed) -> int | None:
    return error.rcvd.code if error.rcvd else None


def _turned_away(status: int) -> ApiError:
    if status == 401:
        sentence = "This API key is missing, unknown, revoked or expired."
        return Unauthenticated(sentence, status=401, code="UNAUTHENTICATED")
    sentence = "This key does not have the permission `read`."
    return Forbidden(sentence, status=403, code="PERMISSION_DENIED")


def listen(state: Listening) -> Iterator[Event]:
    """Each event, once, in order."""
    while True:
        try:
            with connect(state.url, **state.options) as socket:
                socket.send(state.subscribe())
                for text in socket:
                    if (event := state.take(text)) is not None:
                        yield event
            pause = state.settings.jitter(0)  # closed in good order: the server restarts
        except _LOST as error:
            pause = state.lost(error)
        time.sleep(pause)


async def listen_async(state: Listening) -> AsyncIterator[Event]:
    """Each event, once, in order."""
    while True:
        try:
            async with connect_async(state.url, **state.options) as socket:
                await socket.send(state.subscribe())
                async for text in socket:
                    if (event := state.take(text)) is not None:
                        yield event
            pause = state.settings.jitter(0)  # closed in good order: the server restarts
        except _LOST as error:
            pause = state.lost(error)
        await asyncio.sleep(pause)
