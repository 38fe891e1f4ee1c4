"""Remote pictures of a mail, fetched by us when a reader asks: the sender learns that they were
shown, and nothing of who looked.

The addresses are checked and pinned as those of webhooks are, at every hop. No cookie, no referrer;
a size, a time, and few kinds of picture, told by their first octets.
"""

import threading
from urllib.parse import urljoin

from django.conf import settings
from django.core import signing

from events.webhooks.posting import get
from events.webhooks.targets import Refused, Target, Unresolved, addresses_of
from tracking.links import location_of, target_of

MOST_OCTETS = 5 * 1024 * 1024
SECONDS = 8.0  # for each hop
MOST_HOPS = 4
SHOWN_FOR = 600  # seconds for which the address of a picture is good
AT_ONCE = 8
_AGENT = "mailagent picture proxy"
_REDIRECTS = (301, 302, 303, 307, 308)
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_turns = threading.BoundedSemaphore(AT_ONCE)


class NoPicture(Exception):
    """There is none to show; the sentence says why."""


def token_of(url: str) -> str:
    """What stands for `url` in the address of a picture: signed, and good for ten minutes."""
    return signing.dumps(url, salt="picture", compress=True)


def picture_of(token: str) -> tuple[str, bytes]:
    """The content type and octets of the picture behind a token. Raises NoPicture."""
    try:
        url: str = signing.loads(token, salt="picture", max_age=SHOWN_FOR)
    except signing.BadSignature as error:
        raise NoPicture("The address of this picture is no longer good.") from error
    if not _turns.acquire(timeout=SECONDS):
        raise NoPicture("Too many pictures are asked for at once.")
    try:
        return _fetched(url)
    finally:
        _turns.release()


def _fetched(url: str) -> tuple[str, bytes]:
    for _ in range(MOST_HOPS):
        try:
            target = Target.of(_written(url))
            addresses = addresses_of(target, dns=settings.DNS, allowed=settings.PICTURES_ALLOW)
        except (Refused, Unresolved) as error:
            raise NoPicture(str(error)) from error
        answer = get(
            target,
            addresses,
            seconds=SECONDS,
            most_kept=MOST_OCTETS + 1,
            headers={"Accept": "image/*", "User-Agent": _AGENT},
        )
        if answer.status not in _REDIRECTS:
            break
        url = urljoin(url, answer.headers.get("location", ""))
    if answer.status != 200:
        raise NoPicture(answer.error or f"The answer was {answer.status}.")
    if len(answer.octets) > MOST_OCTETS:
        raise NoPicture("The picture is too large.")
    return _kind_of(answer.octets), answer.octets


def _written(url: str) -> str:
    """As a URL is asked for: printable, without a fragment."""
    target = target_of(url.partition("#")[0])
    if target is None:
        raise NoPicture("This is no address of a picture.")
    return location_of(target)


def _kind_of(octets: bytes) -> str:
    """By the first octets, whatever the other side calls it. No SVG: it is a program's text."""
    for beginning, kind in _KINDS:
        if octets.startswith(beginning):
            return kind
    if octets[:4] == b"RIFF" and octets[8:12] == b"WEBP":
        return "image/webp"
    raise NoPicture("What came is no picture.")
