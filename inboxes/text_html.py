"""Text to simple HTML."""

import html as entities
import re

_LINK = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"'`]{1,2000})"
    r"|(?P<address>\b[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24}\b)",
    re.IGNORECASE,
)


def html_from_text(text: str) -> str:
    """Paragraphs with line ends kept; addresses and http(s) URLs as links; all else escaped."""
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    paragraphs = (p for p in re.split(r"\n(?:[ \t]*\n)+", body) if p.strip())
    return "\n".join(f"<p>{_linked(p)}</p>" for p in paragraphs)


def _linked(text: str) -> str:
    parts: list[str] = []
    at = 0
    for match in _LINK.finditer(text):
        label = _without_tail(match[0]) if match["url"] else match[0]
        target = label if match["url"] else f"mailto:{label}"
        parts.append(_escaped(text[at : match.start()]))
        parts.append(f'<a href="{entities.escape(target)}">{entities.escape(label)}</a>')
        at = match.start() + len(label)
    parts.append(_escaped(text[at:]))
    return "".join(parts)


def _without_tail(url: str) -> str:
    """A full stop or bracket that closes the sentence is no part of the URL."""
    while url and (url[-1] in ".,;:!?'\"" or (url[-1] in ")]}" and _unmatched(url))):
        url = url[:-1]
    return url


def _unmatched(url: str) -> bool:
    opening = {")": "(", "]": "[", "}": "{"}[url[-1]]
    return url.count(url[-1]) > url.count(opening)


def _escaped(text: str) -> str:
    escaped = entities.escape(text).replace("\n", "<br>\n")
    return re.sub(r"(?<=[ \n>]) | (?= )|^ ", "&nbsp;", escaped) if "  " in escaped else escaped
