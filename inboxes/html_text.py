"""HTML to readable text.

Tags are read one after the other in a single pass: no tree, so that neither depth nor broken
nesting costs more than the length of the text.
"""

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from inboxes import hidden_text

MAX_CHARS = 2_000_000  # what follows is not read
MAX_OPEN = 2_000  # elements open at once; deeper ones still give their text


def words(text: str) -> frozenset[str]:
    """A list of names, written as a sentence."""
    return frozenset(text.split())


# Every branch takes what it began, at worst to the end of the text: the whole pass is linear.
TAG = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^>]*(?:>|\Z)"
    r"""|<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*)(?P<attrs>(?:=\s*"[^"]*"|=\s*'[^']*'|[^>=]++|=)*)(?:>|\Z)""",
    re.DOTALL,
)
_ATTR = re.compile(r"""([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_NO_CONTROLS = {0: None, 1: None}
_STYLES = re.compile(r"<style[^>]{0,500}>(.*?)(?:</style|\Z)", re.DOTALL | re.IGNORECASE)
_MOST_STYLES = 20
_UNSEEN = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f]+")

_VOID = words("br hr img input meta link base area col embed source track wbr param")
_RAW = words("script style title iframe noembed noframes xmp template textarea")
_PARAGRAPH = words("p h1 h2 h3 h4 h5 h6 ul ol dl pre blockquote table")
_BLOCK = _PARAGRAPH | words(
    "div section article header footer main nav aside address center form fieldset figure"
    " figcaption tr li dt dd caption tbody thead tfoot body html"
)
_CLOSES_ITSELF = {
    "p": {"p"},
    "li": {"li", "p"},
    "td": {"td", "th", "p"},
    "th": {"td", "th", "p"},
    "tr": {"td", "th", "tr", "p"},
    "dt": {"dt", "dd", "p"},
    "dd": {"dt", "dd", "p"},
}

# What clients put around the mail that is answered, and around their owner's signature.
_QUOTE_MARK = re.compile(
    r"gmail_quote|gmail_attr|moz-cite-prefix|moz-forward-container|yahoo_quoted|protonmail_quote|tutanota_quote"
    r"|zmail_extra|hs_reply|ox-quote|front-blockquote|\bmsg-quote|freshdesk_quote|quoted-reply|mailbox_quote"
    r"|OLK_SRC_BODY_SECTION|isReplyContent|replyforwardcontainer|\bWordQuote",
    re.IGNORECASE,
)
_REST_MARK = re.compile(
    r"\b(?:x_)?(?:divRplyFwdMsg|appendonsend|replySplit|mail-editor-reference-message-container)\b"
    r"|##- ?(?:Please type your reply|Bitte geben)",
    re.IGNORECASE,
)
_SIGNATURE_MARK = re.compile(
    r"gmail_signature|moz-signature|protonmail_signature_block(?!-empty)|x_signature|ms-outlook-mobile-signature"
    r"|yahoo_signature|tutanota_signature|\bid\s*=\s*[\"']?(?:x_)?Signature\b|AppleMailSignature",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class HtmlLine:
    """One line of what a mail shows. `mark`: what its client calls it: "", "quote", "signature"."""

    text: str
    depth: int = 0  # of blockquotes around it
    mark: str = ""


@dataclass(slots=True)
class _Open:
    name: str
    quote: bool = False
    mark: str = ""
    hidden: bool = False
    text_colour: int | None = None  # of what is within, as far as it was said
    ground: int = hidden_text.WHITE
    href: str = ""
    start: int = 0  # where the text of a link begins
    counter: int = 0  # of an ordered list; -1 of a plain one


@dataclass(slots=True)
class _Page:
    """The lines written so far, and what is open around the next one."""

    links: bool
    skip_hidden: bool
    client_marks: bool
    lines: list[HtmlLine] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    depth: int = 0
    hidden: int = 0
    pre: int = 0
    lists: int = 0
    marks: list[str] = field(default_factory=list)
    rest: str = ""
    hidden_names: frozenset[str] = frozenset()  # by the style sheet
    hid: bool = False  # some text was left out

    def write(self, text: str) -> None:
        if self.hidden:
            self.hid = self.hid or bool(text.strip())
            return
        if "&" in text:
            text = entities.unescape(text)
        if not text.isascii():
            text = _UNSEEN.sub("", text)
            if self.skip_hidden:
                text, suspect = hidden_text.without_formless(text)
                self.hid = self.hid or suspect
        if not self.pre:
            self.parts.append(text)
            return
        first, *others = text.replace("\r\n", "\n").split("\n")
        self.parts.append(first)
        for other in others:
            self.end_line(keep_blank=True)
            self.parts.append(other)

    def end_line(self, *, keep_blank: bool = False) -> None:
        text = "".join(self.parts)
        text = text.rstrip() if self.pre else " ".join(text.split()).replace("\x01", "  ")
        self.parts.clear()
        if text or keep_blank:
            mark = self.rest or (self.marks[-1] if self.marks else "")
            if self.lists > 1 and text:
                text = "  " * min(self.lists - 1, 8) + text
            self.lines.append(HtmlLine(text, self.depth, mark))

    def blank(self) -> None:
        """One empty line here, unless there is one."""
        self.end_line()
        if self.lines and self.lines[-1].text:
            self.end_line(keep_blank=True)

    def opened(self, name: str, attrs: str) -> None:
        implied = _CLOSES_ITSELF.get(name)
        while implied and self.stack and self.stack[-1].name in implied:
            self.pop()
        self.break_for(name)
        if name == "br":
            self.end_line(keep_blank=True)
        elif name == "hr":
            self.parts.append("_" * 32)
            self.end_line()
        elif name == "img":
            self.image(attrs)
        elif name in ("td", "th") and self.parts:
            self.parts.append("\x01")  # two blanks that stay
        self.look_for_rest(attrs)
        if name not in _VOID and len(self.stack) < MAX_OPEN:
            self.push(name, attrs)

    def break_for(self, name: str) -> None:
        if name in _PARAGRAPH:
            self.blank()
        elif name in _BLOCK:
            self.end_line()

    def look_for_rest(self, attrs: str) -> None:
        if attrs and self.client_marks and not self.rest and _REST_MARK.search(attrs[:2000]):
            self.end_line()
            self.rest = "quote"

    def image(self, attrs: str) -> None:
        alt = attributes(attrs).get("alt", "").strip() if self.links and "alt" in attrs else ""
        if alt:
            self.write(f"[{alt[:200]}]")

    def push(self, name: str, attrs: str) -> None:
        element = _Open(name, quote=name == "blockquote")
        if self.skip_hidden and self.stack:
            around = self.stack[-1]
            element.text_colour, element.ground = around.text_colour, around.ground
        if attrs:
            self.mark(element, attrs)
        if name == "a" and self.links:
            element.href, element.start = attributes(attrs).get("href", "").strip(), len(self.parts)
        elif name in ("ul", "ol"):
            element.counter = -1 if name == "ul" else 1
            self.lists += 1
        elif name == "li":
            self.parts.append(self.bullet())
        elif name == "pre":
            self.pre += 1
        self.depth += element.quote
        self.hidden += element.hidden
        if element.mark:
            self.end_line()
            self.marks.append(element.mark)
        self.stack.append(element)

    def mark(self, element: _Open, attrs: str) -> None:
        if self.client_marks:
            element.mark = _mark_of(attrs[:2000])
        elif self.skip_hidden:
            self.hide(element, attrs[:2000])

    def hide(self, element: _Open, attrs: str) -> None:
        text, ground = hidden_text.colours(attrs)
        if ground is not None:
            element.ground = ground
        if text is not None:
            element.text_colour = text
        element.hidden = hidden_text.hides(attrs, self.hidden_names)
        if text is not None or ground is not None:
            same = hidden_text.is_same(element.text_colour, element.ground)
            element.hidden = element.hidden or same

    def bullet(self) -> str:
        for element in reversed(self.stack[-20:]):
            if element.counter > 0:
                element.counter += 1
                return f"{element.counter - 1}. "
            if element.counter:
                break
        return "- "

    def closed(self, name: str) -> None:
        near = range(len(self.stack) - 1, max(-1, len(self.stack) - 60), -1)
        found = next((i for i in near if self.stack[i].name == name), None)
        if found is None:
            if name == "p":
                self.blank()
            return
        while len(self.stack) > found:
            self.pop()

    def pop(self) -> None:
        element = self.stack[-1]
        if element.href:
            self.end_link(element)
        self.break_for(element.name)
        self.stack.pop()
        self.depth -= element.quote
        self.hidden -= element.hidden
        self.pre -= element.name == "pre"
        self.lists -= element.counter != 0
        if element.mark and self.marks:
            self.end_line()
            self.marks.pop()
        if element.quote and self.marks and self.stack:
            self.end_of_quotation()

    def end_of_quotation(self) -> None:
        """What stands below the quotation, within the same wrapping, its owner has written."""
        for element in self.stack[-3:]:
            if element.mark == "quote" and element.name == "div":
                element.mark = ""
                self.end_line()
                self.marks.pop()

    def end_link(self, element: _Open) -> None:
        label = "".join(self.parts[element.start :]).strip()
        kind, _, target = element.href.partition(":")
        if kind.lower() not in ("http", "https", "mailto") or not label or self.hidden:
            return
        shown = target.partition("?")[0] if kind.lower() == "mailto" else element.href
        bare = shown.split("://")[-1].rstrip("/").lower()
        if bare and bare not in label.lower() and len(shown) <= 1000:
            self.parts.append(f" <{shown}>")


@lru_cache(maxsize=1024)
def _mark_of(attrs: str) -> str:
    if _SIGNATURE_MARK.search(attrs):
        return "signature"
    return "quote" if _QUOTE_MARK.search(attrs) else ""


def attributes(source: str) -> dict[str, str]:
    """The attributes of a tag, names in lower case, values decoded."""
    return {
        name.lower(): entities.unescape(double or single or bare)
        for name, double, single, bare in _ATTR.findall(source[:20_000])
    }


def html_lines(html: str, *, links: bool = True, client_marks: bool = False) -> list[HtmlLine]:
    """What `html` shows, line by line. Never raises; time grows with the length only.

    With `client_marks` each line says what its client has called it; hidden text stays then.
    """
    return _read(html, _Page(links=links, skip_hidden=False, client_marks=client_marks)).lines


def _read(html: str, page: _Page) -> _Page:
    html = html[:MAX_CHARS].translate(_NO_CONTROLS)
    if page.skip_hidden:
        styles = " ".join(_STYLES.findall(html)[:_MOST_STYLES])
        page.hidden_names = hidden_text.hidden_by(styles)
    for text, match in _tokens(html):
        if text:
            page.write(text)
        if match is None or not match["name"]:
            continue
        name = match["name"].lower()
        if match["close"]:
            page.closed(name)
        else:
            page.opened(name, match["attrs"])
    page.end_line()
    return page


def _tokens(html: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Each stretch of text with the tag after it; none from within scripts, styles and titles."""
    at = 0
    while match := TAG.search(html, at):
        yield html[at : match.start()], match
        at = match.end()
        name = (match["name"] or "").lower()
        if name in _RAW and not match["close"]:
            end = re.compile(f"</{name}", re.IGNORECASE).search(html, at)
            at = end.start() if end else len(html)
    yield html[at:], None


def text_from_html(html: str) -> str:
    """Readable text: links as "label <target>" where the label does not say it, quotations as "> ".

    Never raises, whatever it is given.
    """
    return _joined(html_lines(html))


@dataclass(frozen=True, slots=True)
class Visible:
    """What a person would see of a mail. `hid`: there was more, for other eyes."""

    text: str
    hid: bool


def visible_text(html: str) -> str:
    """What a person would see: without what is hidden, of no size, or in comments."""
    return visible(html).text


def visible(html: str) -> Visible:
    """As `visible_text`, and whether something was left out."""
    page = _read(html, _Page(links=False, skip_hidden=True, client_marks=False))
    return Visible(_joined(page.lines), page.hid)


def visible_plain(text: str) -> Visible:
    """The same for a text without HTML: tag characters and marks of direction are gone."""
    return Visible(*hidden_text.without_formless(text))


def _joined(lines: list[HtmlLine]) -> str:
    below = [*(line.depth for line in lines[1:]), 0][: len(lines)]
    text = "\n".join(
        _prefixed(line.text, line.depth if line.text else min(line.depth, next_depth))
        for line, next_depth in zip(lines, below, strict=True)
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def _prefixed(text: str, depth: int) -> str:
    return ("> " * min(depth, 20) + text).rstrip() if depth else text


# No branch of it can begin inside another: each character is looked at once or twice.
