"""How pages write times, addresses, states and what agents tell."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inboxes.models import Thread
from inboxes.warning_words import WARNINGS

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400
_REPLY_MARKS = re.compile(r"\A(?:\s{0,9}(?:re|aw|sv|antw)\s{0,9}:){1,9}\s{0,9}", re.IGNORECASE)
_BLANK_LINES_BEFORE = re.compile(r"\A(?:[ \t]*\n)+")


def short_span(seconds: float) -> str:
    """A span in its largest fitting unit: `45 s`, `12 min`, `3 h`, `5 d`."""
    seconds = max(0, int(seconds))
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@register.filter
def span(since: datetime | None) -> str:
    """How long ago, in short."""
    return short_span((timezone.now() - since).total_seconds()) if since else ""


@register.filter
def others(thread: Thread) -> str:
    """Whom a thread is with: its participants without the inbox itself."""
    outside = [each for each in thread.participants if each != thread.inbox.email]
    return ", ".join(outside or thread.participants)


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """A `<time>` that reads short and tells the whole on hover."""
    if at is None:
        return ""
    at = timezone.localtime(at)
    today = at.date() == timezone.localdate()
    shown = f"{at:%H:%M}" if today else f"{at:%-d %b %H:%M}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        f"{at:%Y-%m-%d %H:%M:%S %Z}",
        shown,
    )


@register.filter
def day(at: datetime | None) -> SafeString | str:
    """As `moment`, for lists: the time today, else the day alone."""
    if at is None:
        return ""
    at = timezone.localtime(at)
    now = timezone.localtime()
    if at.date() == now.date():
        shown = f"{at:%H:%M}"
    else:
        shown = f"{at:%-d %b}" if at.year == now.year else f"{at:%Y-%m-%d}"
    whole = f"{at:%Y-%m-%d %H:%M:%S %Z}"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), whole, shown)


@register.filter
def topic(subject: str) -> str:
    """A subject without the marks of replies: what it is about."""
    return _REPLY_MARKS.sub("", subject or "")


@register.filter
def oneline(text: str) -> str:
    """White space folded."""
    return " ".join(text.split())


@register.filter
def trim(text: str) -> str:
    """Without blank lines before and after."""
    return _BLANK_LINES_BEFORE.sub("", text.rstrip())


@register.filter
def words(state: str) -> str:
    """A state as words: `changes_requested` reads "changes requested"."""
    return str(state).replace("_", " ")


@register.filter
def said(delivery: Any) -> str:
    """The last answer to a delivery. Words of reports hold its code, those of sessions do not."""
    code, reply = str(delivery.last_code or ""), delivery.last_reply
    return reply if reply.startswith(code) else f"{code} {reply}"


@register.filter
def warning_words(codes: Iterable[str]) -> list[str]:
    """What each warning about a message means."""
    return [WARNINGS.get(code, code) for code in codes]


DECIDED = {
    "approve": "approved it",
    "reject": "rejected it",
    "no_reply_needed": "closed it: no reply needed",
    "request_changes": "asked for changes",
    "undo": "took it back",
}


@register.filter
def decided(kind: str) -> str:
    """A decision as what somebody did."""
    return DECIDED.get(kind, words(kind))


PLACED = {
    "reference": "the messages it refers to",
    "subject": "its subject and sender",
    "index": "Outlook's thread index",
    "new": "nothing: it began a thread",
}


@register.filter
def placed(threaded_by: str) -> str:
    """How a message found its thread."""
    return PLACED.get(threaded_by, threaded_by)


@register.filter
def fact(value: Any) -> str:
    """A value of an agent's metadata as text: lists with commas, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False)


@register.filter
def people(mailboxes: Iterable[dict[str, str]]) -> str:
    """Addresses as a mail client writes them."""
    return ", ".join(
        f"{each['name']} <{each['address']}>" if each.get("name") else each["address"]
        for each in mailboxes
    )


@register.filter
def percent(share: float | None) -> str:
    return "" if share is None else f"{round(share * 100)} %"


@register.filter
def lookup(names: dict[str, str], actor: str) -> str:
    """The name behind an actor; the actor itself where none is known."""
    return names.get(actor, actor)


@register.filter
def size(octets: int) -> str:
    """Octets in the largest fitting unit (powers of 1,000)."""
    for unit, one in (("MB", 1_000_000), ("kB", 1_000)):
        if octets >= one:
            return f"{octets / one:.1f} {unit}"
    return f"{octets} B"


@register.simple_tag
def querystring_page(asked: QueryDict, number: int) -> str:
    """The present question with another page number."""
    changed = asked.copy()
    changed["page"] = str(number)
    return changed.urlencode()
