"""Before a message is frozen: its links and a picture get tokens, where its inbox asks for it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from urllib.parse import urlsplit

from django.conf import settings

from inboxes.html_text import text_from_html
from inboxes.models import Inbox, Message
from outbound.compose import Outgoing
from outbound.domains import verdicts_on
from tracking.links import rewrite, with_pixel
from tracking.models import TrackedLink, link_id_of

_TOKENS = re.compile(
    r"https?://[A-Za-z0-9.:\[\]-]{1,260}/"
    r"(?:c/(?P<click>[A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])|o/(?P<open>[A-Za-z0-9_-]{22})\.gif)"
)
MOST_LINKS = 500  # of one message; further ones lead where they led


@dataclass(frozen=True, slots=True)
class Marked:
    """What leaves, and the links of it that are to be stored with the message."""

    outgoing: Outgoing
    links: tuple[TrackedLink, ...] = ()


def mark(inbox: Inbox, outgoing: Outgoing) -> Marked:
    """`outgoing` as it leaves `inbox`: the same, unless opens or clicks are counted there.

    Of the HTML only; the text stays as it was written.
    """
    if not (inbox.track_opens or inbox.track_clicks) or not outgoing.html_body.strip():
        return Marked(outgoing)
    base = base_url(inbox)
    html, links = outgoing.html_body, list[TrackedLink]()
    if inbox.track_clicks:
        html, links = _with_links(html, base)
    if inbox.track_opens:
        pixel = TrackedLink(position=0)
        html = with_pixel(html, f"{base}/o/{pixel.token}.gif")
        links.append(pixel)
    # Derived here, not from what was rewritten.
    plain = outgoing.plain_body
    plain = plain if plain.strip() else text_from_html(outgoing.html_body)
    return Marked(replace(outgoing, html_body=html, plain_body=plain), tuple(links))


def _with_links(html: str, base: str) -> tuple[str, list[TrackedLink]]:
    links: list[TrackedLink] = []

    def link_for(target: str) -> str:
        if len(links) >= MOST_LINKS:
            return target
        links.append(TrackedLink(position=len(links) + 1, target=target))
        return f"{base}/c/{links[-1].token}"

    own = frozenset({_host(base), _host(settings.BASE_URL)})
    return rewrite(html, link_for, own_hosts=own), links


def keep(message: Message, links: Sequence[TrackedLink]) -> None:
    """Store the links of a message that was frozen with them, in the same transaction."""
    for link in links:
        link.message = message
    TrackedLink.objects.bulk_create(links)


def without_tokens(message: Message) -> str:
    """The HTML of a message as we show it to ourselves: links of ours lead where they led before,
    in quotations too, and pictures nowhere. Else our own people would be counted as recipients."""
    found = {_token_in(match) for match in _TOKENS.finditer(message.html_body)}
    ids = {token: link_id for token in found if (link_id := link_id_of(token))}
    if not ids:
        return message.html_body
    ours = TrackedLink.objects.filter(pk__in=ids.values(), message__inbox=message.inbox_id)
    targets = dict(ours.values_list("pk", "target"))

    def target(match: re.Match[str]) -> str:
        link_id = ids.get(_token_in(match))
        return escape(targets[link_id]) if link_id in targets else match[0]

    return _TOKENS.sub(target, message.html_body)


def _token_in(match: re.Match[str]) -> str:
    return match["click"] or match["open"]


def base_url(inbox: Inbox) -> str:
    """Where the links of an inbox lead: the tracking host of its domain once the DNS has shown it,
    else the installation's."""
    if not any(
        verdict.record.purpose == "tracking" and verdict.status == "found"
        for verdict in verdicts_on(inbox.domain)
    ):
        return settings.BASE_URL
    parts = urlsplit(settings.BASE_URL)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://track.{inbox.domain.name}{port}"


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
