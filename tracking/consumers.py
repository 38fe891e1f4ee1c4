"""Hits that come by ASGI. The web process of ours answers them before they get here."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tracking.answering import PREFIXES, Answer, Answering, Asked

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[..., Awaitable[None]]


class TrackingDoor:
    """Answers hits, and hands every other request on to `app`."""

    def __init__(self, app: App, answering: Answering) -> None:
        self._app = app
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(PREFIXES):
            await self._app(scope, receive, send)
            return
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answering.answer(_asked_in(scope), answered.set_result)
        answer = await asyncio.shield(answered)  # The deed goes on when the client has gone.
        start = {"type": "http.response.start", "status": answer.status}
        await send({**start, "headers": list(answer.fields)})
        await send({"type": "http.response.body", "body": answer.body})


def _asked_in(scope: Scope) -> Asked:
    fields: dict[bytes, bytes] = dict(scope["headers"])
    client = (scope.get("client") or [""])[0]
    return Asked(scope["method"], scope["path"], client, lambda name: fields.get(name, b""))
