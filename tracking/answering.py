"""Opens and clicks answered: `/o/<token>.gif` and `/c/<token>`, on every host of ours.

Before all middleware: no session, no cookie, no template. The answer leaves first, the record is
made after it. Knows no server: `consumers` brings what comes by ASGI, the web process its own.
"""

import asyncio
import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import ip_address, ip_network
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from tracking.grading import Request, grade
from tracking.hits import Seen, targets_of
from tracking.links import location_of
from tracking.models import Hit, link_id_of
from tracking.recorder import recorder
from tracking.targets import LookUp, Targets

PREFIXES = ("/o/", "/c/")
PATH = re.compile(r"/(?:o/(?P<open>[A-Za-z0-9_-]{22})\.gif|c/(?P<click>[A-Za-z0-9_-]{22}))")
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PURPOSES = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_ALWAYS = (
    (b"cache-control", b"private, no-store, max-age=0"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. `field` answers a header field's last value by its lower-case name, or b""."""

    method: str
    path: str
    client: str
    field: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response, its length among the `fields`."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""


def _answer(status: int, body: bytes, *fields: tuple[bytes, bytes]) -> Answer:
    return Answer(status, (*fields, *_ALWAYS, (b"content-length", b"%d" % len(body))), body)


_PICTURE = _answer(200, GIF, (b"content-type", b"image/gif"))
_GONE = _answer(
    404,
    b"<!doctype html><title>Gone</title><p>This link is no longer there.",
    (b"content-type", b"text/html; charset=utf-8"),
)
_NOT_ALLOWED = _answer(405, b"", (b"allow", b"GET, HEAD"))
_AWAY = _answer(503, b"", (b"retry-after", b"5"))

Send = Callable[[Answer], None]


class Answering:
    """Answers the hits of one process, on its loop."""

    def __init__(self, look_up: LookUp = targets_of) -> None:
        self._targets = Targets(look_up)

    def answer(self, asked: Asked, send: Send) -> None:
        """Call `send` once: at once, or where the database must be asked first, soon."""
        found = PATH.fullmatch(asked.path)
        link_id = link_id_of(found["open"] or found["click"]) if found else None
        if found is None or link_id is None:
            send(_GONE)
        elif asked.method not in ("GET", "HEAD"):
            send(_NOT_ALLOWED)
        elif found["open"]:
            send(_PICTURE)
            recorder.note(seen_in(asked, link_id, Hit.Kind.OPEN))
        elif target := self._targets.known(link_id):
            _lead_on(asked, link_id, target, send)
        else:
            look_up = self._targets.ask(link_id)
            look_up.add_done_callback(partial(_looked_up, asked, link_id, send))


def _looked_up(
    asked: Asked, link_id: UUID, send: Send, look_up: asyncio.Future[str | None]
) -> None:
    if look_up.cancelled() or look_up.exception():
        send(_AWAY)
    elif target := look_up.result():
        _lead_on(asked, link_id, target, send)
    else:
        send(_GONE)


def _lead_on(asked: Asked, link_id: UUID, target: str, send: Send) -> None:
    send(_answer(302, b"", (b"location", location_of(target).encode("ascii"))))
    recorder.note(seen_in(asked, link_id, Hit.Kind.CLICK))


def seen_in(asked: Asked, link_id: UUID, kind: str) -> Seen:
    """A request as it goes on record: graded, its address cut to a network."""
    purpose = b" ".join(filter(None, map(asked.field, _PURPOSES)))
    agent = _text(asked.field(b"user-agent"))
    graded = grade(Request(asked.method, agent, _text(purpose)))
    return Seen(link_id, kind, timezone.now(), graded, agent, _network(asked))


def _text(octets: bytes) -> str:
    return octets[:300].decode("utf-8", "replace").replace("\0", "\ufffd")[:300]


def _network(asked: Asked) -> str:
    """Where it came from, not to the last bit: the /24 or /48."""
    if settings.BEHIND_PROXY and (forwarded := asked.field(b"x-forwarded-for")):
        # The last is what our own proxy saw; the others are hearsay.
        return _cut(forwarded.decode("latin-1").rpartition(",")[2].strip())
    return _cut(asked.client)


@lru_cache(maxsize=4096)
def _cut(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    bits = 24 if parsed.version == 4 else 48
    return str(ip_network(f"{parsed}/{bits}", strict=False))
