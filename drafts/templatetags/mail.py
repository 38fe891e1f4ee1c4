"""How pages write times, addresses and shares."""

from collections.abc import Iterable
from datetime import datetime

from django import template
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400


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
