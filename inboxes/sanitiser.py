"""Hostile HTML made safe to show: nothing runs, leaves, or loads that was not asked for.

The rules are an allow-list for nh3 (html5ever, as a browser parses), with our own filter for what
stands in `style` and `src`. A mail that is built to be slow to parse is shown as its text. What
comes out is for a sandboxed frame all the same.
"""

import html as entities
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import nh3

from inboxes.html_text import TAG, visible_text, words
from inboxes.text_html import html_from_text

MAX_CHARS = 2_000_000
_MAX_DEPTH = 500  # elements open at once; the parser's time grows with its square
_MAX_ATTRIBUTES = 150  # on one tag
_MAX_REPEATS = 300_000  # formatting elements that the parser must open again

_TAGS = words(
    "a abbr acronym address article aside b bdi bdo big blockquote br caption center cite"
    " code col colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2"
    " h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt ruby s samp"
    " section small span strike strong sub summary sup table tbody td tfoot th thead time tr"
    " tt u ul var wbr"
)
_DROPPED_WITH_CONTENT = words(
    "script style title template textarea select noscript noembed noframes xmp iframe svg"
    " math audio video canvas"
)
_EVERYWHERE = words("style dir lang title align valign")
_BOX = words("width height bgcolor border")
_ATTRIBUTES = {
    "*": set(_EVERYWHERE),
    "a": {"href"},
    "img": {"src", "alt", "hspace", "vspace"} | _BOX,
    "table": {"cellpadding", "cellspacing", "summary", "rules", "frame"} | _BOX,
    "td": {"colspan", "rowspan", "nowrap", "headers", "scope"} | _BOX,
    "th": {"colspan", "rowspan", "nowrap", "headers", "scope"} | _BOX,
    "tr": set(_BOX),
    "tbody": set(_BOX),
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "font": {"color", "face", "size"},
    "hr": {"color", "noshade", "size", "width"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"type", "value"},
    "blockquote": {"type"},
    "div": {"bgcolor"},
    "details": {"open"},
    "time": {"datetime"},
    "bdo": {"dir"},
}
_SCHEMES = {"http", "https", "mailto", "tel", "cid", "data"}

_PROPERTIES = words(
    "background background-color border border-bottom border-bottom-color"
    " border-bottom-style border-bottom-width border-collapse border-color border-left"
    " border-left-color border-left-style border-left-width border-radius border-right"
    " border-right-color border-right-style border-right-width border-spacing border-style"
    " border-top border-top-color border-top-style border-top-width border-width box-sizing"
    " caption-side clear color direction display empty-cells float font font-family"
    " font-size font-style font-variant font-weight height letter-spacing line-height"
    " list-style list-style-position list-style-type margin margin-bottom margin-left"
    " margin-right margin-top max-height max-width min-height min-width overflow"
    " overflow-wrap padding padding-bottom padding-left padding-right padding-top"
    " table-layout text-align text-decoration text-indent text-transform unicode-bidi"
    " vertical-align visibility white-space width word-break word-spacing word-wrap"
)
_VALUE = re.compile(
    r"""(?:[\w\s#%.,'"!+/-]|(?:rgba?|hsla?)\([\d\s.,%/]{0,60}\)){1,400}""", re.IGNORECASE
)
_NEVER = re.compile(r"expression|javascript|vbscript|behaviou?r|binding|//", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
_INLINE_IMAGE = re.compile(
    r"data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/=\s]+\Z", re.IGNORECASE
)
_CONTROLS = re.compile(r"[\x00-\x20\x7f]+")

_REMOTE_ATTRIBUTE = re.compile(
    r"""\b(?:src|background|poster|data|lowsrc|dynsrc|ping|codebase|archive|manifest|classid)"""
    r"""\s{0,9}=\s{0,9}["']?\s{0,9}(?:https?:|ftp:|[\\/]{2})"""
    r"""|srcset\s{0,9}=[^<>]{0,250}?(?:https?:|[\s"'][\\/]{2})""",
    re.IGNORECASE,
)
_REMOTE_REFERENCE = re.compile(
    r"""<(?:link|image|use|feimage|base|v:\w+)\b[^<>]{0,300}?href\s{0,9}=\s{0,9}["']?\s{0,9}(?:https?:|ftp:|[\\/]{2})""",
    re.IGNORECASE,
)
_REMOTE_STYLE = re.compile(
    r"""(?:url|image-set|image|cross-fade|src)\s{0,9}\(\s{0,9}["']?\s{0,9}(?:https?:|ftp:|[\\/]{2})"""
    r"""|@import\s{0,9}(?:url\()?\s{0,9}["']?\s{0,9}(?:https?:|[\\/]{2})""",
    re.IGNORECASE,
)

_QUOTED = re.compile(r"""=\s{0,99}(?:"[^"]*"|'[^']*')""")
_NAMES = re.compile(r"[^\s/=]+")

_FORMATTING = words("a b big code em font i nobr s small strike strong tt u")
_UNCOUNTED = words(
    "p li td th tr dt dd option tbody thead tfoot colgroup br hr img input meta link base"
    " area col embed source wbr param track html body head script style title"
)


@dataclass(frozen=True, slots=True)
class Sanitised:
    """`html` is safe; `has_remote` says that the source wanted something from another host."""

    html: str
    has_remote: bool


def sanitise(
    html: str,
    *,
    remote_images: bool = False,
    cid_urls: Mapping[str, str] | None = None,
    image_url: Callable[[str], str] | None = None,
) -> Sanitised:
    """The mail body `html` as it may be shown.

    `cid_urls` maps a Content-ID, without brackets, to where its image is served. With
    `remote_images` the http(s) images stay, at the address that `image_url` gives for theirs (a
    proxy). Links open apart, with no way back. Never raises on what a mail contains.
    """
    remote = refers_to_remote(html)
    if len(html) > MAX_CHARS or _is_costly(html):
        return Sanitised(html_from_text(visible_text(html)), remote)
    rules = _Rules(remote_images, cid_urls or {}, image_url)
    return Sanitised(_cleaned(html, rules), remote)


def _cleaned(html: str, rules: "_Rules") -> str:
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=rules.attribute,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=_SCHEMES,
        url_relative=None,  # kept as they are: `_Rules` lets none through but those it was given
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """What may stand in an attribute that the allow-list lets through."""

    remote_images: bool
    cid_urls: Mapping[str, str]
    image_url: Callable[[str], str] | None

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return safe_style(value) or None
        if name == "src":
            return self.image(value) if tag == "img" else None
        if name == "href":
            return _link_target(value)
        return value if len(value) <= 2000 else None

    def image(self, source: str) -> str | None:
        source = source.strip()
        scheme = _CONTROLS.sub("", source[:20]).partition(":")[0].lower()
        if scheme == "cid":
            return self.cid_urls.get(unquote(source[4:]).strip("<> "))
        if scheme == "data":
            return source if _INLINE_IMAGE.match(source) else None
        if scheme not in ("http", "https") or not self.remote_images:
            return None
        return self.image_url(source) if self.image_url else source


def _link_target(value: str) -> str | None:
    scheme = _CONTROLS.sub("", value[:40]).partition(":")[0].lower()
    return value if scheme in ("http", "https", "mailto", "tel") and len(value) <= 8000 else None


def safe_style(style: str) -> str:
    """Of a `style` attribute the declarations that only change the look of their own element."""
    style = _CSS_COMMENT.sub("", style[:20_000])
    kept: list[str] = []
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name in _PROPERTIES and _VALUE.fullmatch(value) and not _NEVER.search(value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def refers_to_remote(html: str) -> bool:
    """Whether showing `html` as it stands would ask another host for anything, links apart."""
    source = html[:MAX_CHARS]
    if "&" in source:
        source = entities.unescape(source)
    if _REMOTE_ATTRIBUTE.search(source) or _REMOTE_REFERENCE.search(source):
        return True
    if "(" not in source and "@" not in source:
        return False
    if "*" in source or "\\" in source:
        source = _CSS_ESCAPE.sub(_escaped_character, _CSS_COMMENT.sub("", source))
    return _REMOTE_STYLE.search(source) is not None


def _escaped_character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if 0 < code < 0x110000 else ""


def _is_costly(html: str) -> bool:
    """Whether nesting, attributes or open formatting would cost a parser more than its length."""
    still_open: Counter[str] = Counter()
    depth = formatting = repeats = 0
    for match in TAG.finditer(html):
        name = (match["name"] or "").lower()
        if name and _too_many_attributes(match["attrs"]):
            return True
        step = _step(name, closes=bool(match["close"]), still_open=still_open)
        depth += step
        formatting += step if name in _FORMATTING else 0
        repeats += formatting
        if depth > _MAX_DEPTH or repeats > _MAX_REPEATS:
            return True
    return False


def _step(name: str, *, closes: bool, still_open: Counter[str]) -> int:
    """By how much a tag changes the depth: 1, 0 or -1."""
    if not name or name in _UNCOUNTED or (closes and not still_open[name]):
        return 0
    step = -1 if closes else 1
    still_open[name] += step
    return step


def _too_many_attributes(attrs: str) -> bool:
    if len(attrs) < 2 * _MAX_ATTRIBUTES:
        return False
    return len(_NAMES.findall(_QUOTED.sub("=", attrs))) > _MAX_ATTRIBUTES
