"""The links of an HTML mail, found as an HTML5 tokenizer finds them, and replaced where they stand.

Everything outside the values of the replaced `href`s stays as it was, octet for octet: what is not
read (comments, conditional ones too, scripts, styles) cannot be changed. Time grows with the
length only. WHATWG HTML §13.2.5; URLs as in WHATWG URL §4.4.
"""

import html as entities
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.entities import html5
from urllib.parse import quote, urlsplit

MOST_LETTERS = 2_000_000  # a longer body is left alone
MOST_URL = 8_000

_MARKUP = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*(?:>|\Z)|</(?![a-zA-Z])[^>]*(?:>|\Z)"
    r"|<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*)",
    re.DOTALL,
)
# One attribute, or what ends the tag. An unclosed quotation mark reaches to the end of the text.
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?:(?P<end>>)|(?P<name>[^\s/>][^\s/>=]*+)
    (?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\s>"'][^\s>]*+)|(?=>)))?)""",
    re.VERBOSE,
)
_WITHOUT_END = re.compile(r"""\s*=\s*["']""")
_REFERENCE = re.compile(r"&(?:#[xX][0-9a-fA-F]+;?|#[0-9]+;?|([a-zA-Z][a-zA-Z0-9]*)(;?)(?=(=?)))")
# Their content is no markup (§13.2.5.2 to 13.2.5.4); mail clients run no scripts.
_RAW = frozenset(("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"))
_UNSUBSCRIBE = re.compile(
    r"unsubscri|opt[-_ ]?out\b|list-manage|abmelden|abbestell|d[ée]sabonn|d[ée]sinscri|disiscri"
    r"|afmelden|uitschrijven|avregistrera|cancelar\W{0,3}suscri|darse\W{0,3}de\W{0,3}baja",
    re.IGNORECASE,
)
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_NO_HOST = re.compile(r"[\s{}|<>^`*%\\]")  # a template's place-holder among others
_TAB_OR_BREAK = re.compile(r"[\t\n\r]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Href:
    """One `href` (or `xlink:href`) of an `a` or `area`: its value, decoded, and where it stands.

    `text[start:end]` is the value as written; `plain` is false for `xlink:href`.
    """

    value: str
    start: int
    end: int
    plain: bool


def hrefs(text: str) -> Iterator[Href]:
    """Every link's `href`, in the order of the document."""
    for tag in _tags(text):
        if tag.name in ("a", "area") and not tag.closing:
            yield from _hrefs_of(tag)


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    closing: bool
    start: int
    end: int
    attributes: list[re.Match[str]]


def _tags(text: str) -> Iterator[_Tag]:
    at = 0
    while markup := _MARKUP.search(text, at):
        at = markup.end()
        if markup["name"] is None:
            continue
        attributes, at = _attributes(text, at)
        if at < 0:
            return  # The text ends within the tag, which then is none.
        tag = _Tag(markup["name"].lower(), bool(markup["close"]), markup.start(), at, attributes)
        yield tag
        if tag.name == "plaintext" and not tag.closing:
            return
        if tag.name in _RAW and not tag.closing:
            closing = re.compile(rf"</{tag.name}(?=[\s/>])", re.IGNORECASE).search(text, at)
            at = closing.start() if closing else len(text)


def _attributes(text: str, at: int) -> tuple[list[re.Match[str]], int]:
    """The attributes from `at` on, and where the tag ends; -1 where it does not."""
    found: list[re.Match[str]] = []
    while attribute := _ATTRIBUTE.match(text, at):
        at = attribute.end()
        if attribute["end"]:
            return found, at
        if _WITHOUT_END.match(text, at):
            break
        found.append(attribute)
    return found, -1


def _hrefs_of(tag: _Tag) -> Iterator[Href]:
    for wanted in ("href", "xlink:href"):
        # The first of a name counts (§13.2.5.33).
        first = next((one for one in tag.attributes if one["name"].lower() == wanted), None)
        if first is None:
            continue
        for group in ("double", "single", "bare"):
            if (value := first[group]) is not None:
                start, end = first.span(group)
                yield Href(decoded(value), start, end, wanted == "href")


def decoded(value: str) -> str:
    """The value of an attribute with its character references resolved (§13.2.5.72)."""
    return _REFERENCE.sub(_resolved, value) if "&" in value else value


def _resolved(reference: re.Match[str]) -> str:
    name, semicolon, equals = reference[1], reference[2], reference[3]
    if name is None:
        return entities.unescape(reference[0])
    if semicolon:
        return html5.get(f"{name};", reference[0])
    # Without its semicolon a name counts only where nothing follows that goes on with it.
    return reference[0] if equals else html5.get(name, reference[0])


def target_of(value: str) -> str | None:
    """The address that a browser goes to, where hits on it may be counted; else None.

    Only http and https without a password in it, and nothing by which people take themselves off
    a list.
    """
    if _UNSUBSCRIBE.search(value):
        return None
    url = _TAB_OR_BREAK.sub("", value).strip("".join(map(chr, range(33))))
    if len(url) > MOST_URL or _CONTROL.search(url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if not _ABSOLUTE.match(url) or "@" in parts.netloc or (host and _NO_HOST.search(host)):
        return None
    return url


def location_of(target: str) -> str:
    """`target` as a Location field may hold it: what is printable ASCII stays as it is."""
    return quote(target, safe=_AS_IT_IS)


def rewrite(text: str, link_for: Callable[[str], str], *, own_hosts: frozenset[str]) -> str:
    """`text` with each countable link leading to `link_for(target)` instead.

    Links to `own_hosts` (lower case) stay: they are counted already.
    """
    if len(text) > MOST_LETTERS:
        return text
    parts: list[str] = []
    at = 0
    for link in hrefs(text):
        target = target_of(link.value) if link.plain else None
        if target is None or urlsplit(target).hostname in own_hosts:
            continue
        parts += [text[at : link.start], entities.escape(link_for(target))]
        at = link.end
    return "".join([*parts, text[at:]])


def with_pixel(text: str, url: str) -> str:
    """`text` with an invisible picture at the end of its body."""
    pixel = f'<img src="{entities.escape(url)}" width="1" height="1" alt="" style="border:0">'
    at = len(text)
    for tag in _tags(text):
        if tag.closing and tag.name in ("body", "html"):
            at = tag.start
            break
    return f"{text[:at]}{pixel}{text[at:]}"
