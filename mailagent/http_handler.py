"""Django's HTTP handler, going to a thread once for each request instead of once for each
middleware, and to a thread that is there already.

Middlewares, views and the ORM are all synchronous here. Django would walk through the middlewares
in the loop where they allow it, and hop to a thread and back for each of their halves; and it would
start a thread, with a database wrapper of its own, for every request.
"""

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

MOST_IDLE = 8  # threads kept for the next requests


class RequestThread(ThreadPoolExecutor):
    """One thread, and whether it is at work: one who hangs up may leave it so."""

    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="request")
        self._last: Future[Any] | None = None

    def submit(self, *args: Any, **options: Any) -> "Future[Any]":
        self._last = super().submit(*args, **options)
        return self._last

    @property
    def is_free(self) -> bool:
        return self._last is None or self._last.done()


class OneHopHandler(ASGIHandler):
    """Serves HTTP. Requests that come together each have a thread to themselves."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[RequestThread] = []

    def load_middleware(self, is_async: bool = False) -> None:
        """The whole chain synchronous, whatever each of them could do."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        thread = self._idle.pop() if self._idle else RequestThread()
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.handle(scope, receive, send)
        finally:
            self._dismiss(thread)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await sync_to_async(self.get_response)(request)
        return response

    def _dismiss(self, thread: RequestThread) -> None:
        if thread.is_free and len(self._idle) < MOST_IDLE:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)
