"""Who fetched a picture or followed a link: a person, a mail provider's proxy, or a scanner.

A guess with its reason, by what the request says of itself and by what else was fetched with it.
Programs that pass for a browser and follow one link at a time cannot be told from people.
"""

import re
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeVar

Name = Literal["human", "proxy", "scanner"]
Key = TypeVar("Key", bound=Hashable)

SWEEP = timedelta(seconds=2)  # in which no person follows every link of a mail

_PROXIES = re.compile(
    r"(GoogleImageProxy|ggpht\.com)|(YahooMailProxy|YahooCacheSystem)|(YandexImageResizer)"
    r"|(DuckDuckGo.*Proxy)|(ProtonMail.*Proxy)|(Seznam.*proxy)|(FeedBin|Superhuman.*Proxy)",
    re.IGNORECASE,
)
_PROXY_NAMES = ("Gmail", "Yahoo Mail", "Yandex", "DuckDuckGo", "Proton", "Seznam", "a mail client")
# Apple's Mail Privacy Protection fetches every picture on arrival and says only this.
_APPLE_PREFETCH = re.compile(r"Mozilla/5\.0\Z")
_SCANNERS = re.compile(
    r"barracuda|proofpoint|mimecast|trend ?micro|symantec|messagelabs|fireeye|trellix|sophos"
    r"|forcepoint|websense|cisco|ironport|zscaler|fortinet|kaspersky|bitdefender|eset|avast"
    r"|safelinks|bingpreview|microsoft office existence discovery|ms-?office.*protocol"
    r"|urlscan|virustotal|phishtank|safebrowsing|google-safety|checkpoint|avanan|ironscales"
    r"|vade|hornet|spamtitan|libra ?esva|mailguard|cloudmark|rspamd|spamassassin"
    r"|bot\b|bot/|crawl|spider|slurp|facebookexternalhit|whatsapp|telegrambot|discordbot"
    r"|slack-?(?:bot|imgproxy)|skypeuripreview|preview|linkcheck|monitor|headless|phantomjs"
    r"|puppeteer|playwright|selenium|curl/|wget/|libwww|python|aiohttp|httpx|go-http-client"
    r"|java/|okhttp|apache-httpclient|axios|node-fetch|undici|ruby|perl|php/|scrapy|winhttp"
    r"|mailagent",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Request:
    """What a hit says of itself. `purpose`: Sec-Purpose, Purpose, X-Purpose and X-Moz together."""

    method: str
    agent: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    name: Name
    reason: str = ""


HUMAN = Grade("human")
SWEPT = Grade("scanner", "every link within 2 s")


@lru_cache(maxsize=4096)  # the same few programs, again and again
def grade(request: Request) -> Grade:
    """The grade of one request by itself."""
    if request.method == "HEAD":
        return Grade("scanner", "HEAD")
    if not request.agent.strip():
        return Grade("scanner", "no user agent")
    if proxy := _PROXIES.search(request.agent):
        return Grade("proxy", _PROXY_NAMES[(proxy.lastindex or 1) - 1])
    if _APPLE_PREFETCH.match(request.agent):
        return Grade("proxy", "Apple Mail Privacy Protection")
    if found := _SCANNERS.search(request.agent):
        return Grade("scanner", f"agent: {found[0].lower()}")
    if re.search(r"prefetch|prerender|preview", request.purpose, re.IGNORECASE):
        return Grade("proxy", "prefetch")
    return HUMAN


def swept(hits: Iterable[tuple[datetime, Hashable, Key]], links: Collection[Hashable]) -> set[Key]:
    """Those of `hits` (when, which link, its key) in whose 2 s every one of `links` was followed.

    Nothing for fewer than two links: one alone tells nothing.
    """
    if len(links) < 2:
        return set()
    ordered = sorted((hit for hit in hits if hit[1] in links), key=_when)
    found: set[Key] = set()
    counts: dict[Hashable, int] = {}
    first, told = 0, 0  # the window's beginning; what is in `found` already
    for number, (at, link, _) in enumerate(ordered):
        counts[link] = counts.get(link, 0) + 1
        while at - ordered[first][0] > SWEEP:
            earlier = ordered[first][1]
            counts[earlier] -= 1
            if not counts[earlier]:
                del counts[earlier]
            first += 1
        if len(counts) == len(links):
            told = max(told, first)
            found.update(key for _, _, key in ordered[told : number + 1])
            told = number + 1
    return found


def _when(hit: tuple[datetime, Hashable, object]) -> datetime:
    return hit[0]
