"""Where tracked links and pictures lead: `/c/<token>` and `/o/<token>.gif`, on every host of ours.

Before all middleware: no session, no cookie, no template. The answer leaves first, the record is
made after it.
"""

import asyncio
import base64
import logging
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error
from django.utils import timezone

from events.off_loop import off_loop
from tracking.grading import Request, grade
from tracking.hits import Seen, targets_of
from tracking.links import location_of
from tracking.models import Hit, link_id_of
from tracking.recorder import recorder

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[..., Awaitable[None]]
Fields = list[tuple[bytes, bytes]]

PATH = re.compile(r"/(?:o/(?P<open>[A-Za-z0-9_-]{22})\.gif|c/(?P<click>[A-Za-z0-9_-]{22}))")
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
GONE = b"<!doctype html><title>Gone</title><p>This link is no longer there."
_PURPOSES = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_ALWAYS: Fields = [
    (b"cache-control", b"private, no-store, max-age=0"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
]


class TrackingDoor:
    """Answers hits, and hands every other request on to `app`."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._targets = _Targets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(("/o/", "/c/")):
            await self._app(scope, receive, send)
            return
        found = PATH.fullmatch(scope["path"])
        link_id = link_id_of(found["open"] or found["click"]) if found else None
        if found is None or link_id is None:
            await _answer(send, 404, GONE, [(b"content-type", b"text/html; charset=utf-8")])
        elif scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, b"", [(b"allow", b"GET, HEAD")])
        elif found["open"]:
            await _answer(send, 200, GIF, [(b"content-type", b"image/gif")])
            recorder.note(seen_in(scope, link_id, Hit.Kind.OPEN))
        else:
            await self._follow(scope, link_id, send)

    async def _follow(self, scope: Scope, link_id: UUID, send: Send) -> None:
        try:
            target = await self._targets.find(link_id)
        except Error as error:
            logger.warning("a link cannot be looked up: %s", type(error).__name__)
            await _answer(send, 503, b"", [(b"retry-after", b"5")])
            return
        if target is None:
            await _answer(send, 404, GONE, [(b"content-type", b"text/html; charset=utf-8")])
            return
        await _answer(send, 302, b"", [(b"location", location_of(target).encode("ascii"))])
        recorder.note(seen_in(scope, link_id, Hit.Kind.CLICK))


class _Targets:
    """Looks links up: all that come while one query runs are asked for together in the next."""

    def __init__(self) -> None:
        self._asked: dict[UUID, asyncio.Future[str | None]] = {}
        self._round: asyncio.Task[None] | None = None

    async def find(self, link_id: UUID) -> str | None:
        """The target, or None. Raises what the database raises."""
        future = self._asked.get(link_id)
        if future is None:
            future = self._asked[link_id] = asyncio.get_running_loop().create_future()
        if self._round is None:
            self._round = asyncio.create_task(self._ask())
        # Shielded: one who hangs up takes the answer from nobody else.
        return await asyncio.shield(future)

    async def _ask(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            try:
                found = await off_loop(partial(targets_of, list(asked)))
            except Error as error:
                for future in asked.values():
                    future.set_exception(error)
                continue
            for link_id, future in asked.items():
                future.set_result(found.get(link_id))
        self._round = None


def seen_in(scope: Scope, link_id: UUID, kind: str) -> Seen:
    """A request as it goes on record: graded, its address cut to a network."""
    fields: dict[bytes, bytes] = dict(scope["headers"])
    purpose = b" ".join(fields[name] for name in _PURPOSES if name in fields)
    agent = _text(fields.get(b"user-agent", b""))
    graded = grade(Request(scope["method"], agent, _text(purpose)))
    return Seen(link_id, kind, timezone.now(), graded, agent, _network(scope, fields))


def _text(octets: bytes) -> str:
    return octets[:300].decode("utf-8", "replace").replace("\0", "\ufffd")[:300]


def _network(scope: Scope, fields: dict[bytes, bytes]) -> str:
    """Where it came from, not to the last bit: the /24 or /48."""
    address = (scope.get("client") or [""])[0]
    if settings.BEHIND_PROXY and (forwarded := fields.get(b"x-forwarded-for")):
        # The last is what our own proxy saw; the others are hearsay.
        address = forwarded.decode("latin-1").rpartition(",")[2].strip()
    return _cut(address)


@lru_cache(maxsize=4096)
def _cut(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    bits = 24 if parsed.version == 4 else 48
    return str(ip_network(f"{parsed}/{bits}", strict=False))


async def _answer(send: Send, status: int, body: bytes, fields: Fields) -> None:
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [*fields, *_ALWAYS, length]})
    await send({"type": "http.response.body", "body": body})
