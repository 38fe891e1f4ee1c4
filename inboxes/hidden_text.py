"""What a mail holds but does not show: hidden elements, text of no size or in the colour of its
ground, characters without a form. Made for machines that read along."""

import re
from functools import lru_cache

_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0?(?:\.0\d*)?\s*(?:[;\"'!]|$)"
    r"|font-size\s*:\s*(?:0?\.\d+|[01](?:\.\d+)?)(?:px|pt)\s*(?:[;\"'!]|$)"
    r"|font-size\s*:\s*0(?:\.0+)?(?:em|rem|%)?\s*(?:[;\"'!]|$)|mso-hide\s*:\s*all"
    r"|(?:max-)?(?:height|width)\s*:\s*0(?:px|pt)?\s*;[^\"']*overflow\s*:\s*hidden"
    r"|overflow\s*:\s*hidden\s*;[^\"']*(?:max-)?(?:height|width)\s*:\s*0(?:px|pt)?\s*(?:[;\"']|$)"
    r"|(?:text-indent|left|top|margin-left|margin-top)\s*:\s*-\d{4,}(?:px|pt|em)"
    r"|transform\s*:\s*scale\(\s*0(?:\.0+)?\s*[,)]"
    r"|clip\s*:\s*rect\(\s*0(?:px)?[\s,]+0(?:px)?[\s,]+0(?:px)?[\s,]+0(?:px)?\s*\)"
    r"|(?:^|\s)hidden(?:\s|=|/|$)",
    re.IGNORECASE,
)
_COLOUR = re.compile(
    r"(?<![\w-])(?P<name>background(?:-color)?|bgcolor|color)\s*[:=]\s*[\"']?\s*"
    r"(?P<value>#[0-9a-f]{3,8}\b|rgba?\([^)]{1,40}\)|[a-z]{3,20}\b)",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"background(?:-image)?\s*[:=][^;]{0,200}(?:url\(|gradient\()", re.IGNORECASE)
_NAMED = {"white": 0xFFFFFF, "black": 0, "snow": 0xFFFAFA, "ivory": 0xFFFFF0, "red": 0xFF0000}
_NEAR = 12  # of 255, for each of red, green and blue
WHITE = 0xFFFFFF
UNKNOWN = -1

# A top-level rule of a style sheet; those within @media hold for other screens.
_NESTED = re.compile(r"@[^{};@]{0,200}\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_RULE = re.compile(r"([^{}]{1,200})\{([^{}]{0,2000})\}")
_PLAIN_SELECTOR = re.compile(r"\s*[a-z]{0,20}([.#][\w-]{1,60})\s*", re.IGNORECASE)
_STYLES_LIMIT = 50_000
_MOST_RULES = 500

# Tag characters and variation selectors beyond those of emoji; bidirectional controls.
_FORMLESS = re.compile("[\U000e0000-\U000e0fff\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+")
_SUSPECT = re.compile(
    "[\u202d\u202e]|(?<!\U0001f3f4)(?<![\U000e0020-\U000e007f])[\U000e0000-\U000e0fff]"
)


def hides(attrs: str, outside: frozenset[str] = frozenset()) -> bool:
    """Tell whether an element with these attributes shows nothing of its text. `outside`: the
    classes and ids that the style sheet hides (see `hidden_by`)."""
    if _hides(attrs):
        return True
    return bool(outside) and not outside.isdisjoint(_names_of(attrs))


@lru_cache(maxsize=1024)
def _hides(attrs: str) -> bool:
    return _HIDDEN.search(attrs) is not None


_NAMES = re.compile(
    r"""(?<![\w-])(class|id)\s*=\s*(?:"([^"]{1,500})"|'([^']{1,500})'|([^\s"'>]{1,200}))""",
    re.IGNORECASE,
)


def _names_of(attrs: str) -> set[str]:
    found = set()
    for kind, double, single, bare in _NAMES.findall(attrs):
        mark = "." if kind.lower() == "class" else "#"
        found |= {mark + name.lower() for name in (double or single or bare).split()}
    return found


def hidden_by(styles: str) -> frozenset[str]:
    """The classes (`.x`) and ids (`#x`) that a style sheet hides wherever it is shown."""
    if "{" not in styles:
        return frozenset()
    plain = _NESTED.sub("", styles[:_STYLES_LIMIT])
    found: set[str] = set()
    for count, (selectors, body) in enumerate(_RULE.findall(plain)):
        if count == _MOST_RULES:
            break
        if _HIDDEN.search(body):
            named = map(_PLAIN_SELECTOR.fullmatch, selectors.split(",")[:50])
            found |= {one[1].lower() for one in named if one}
    return frozenset(found)


@lru_cache(maxsize=1024)
def colours(attrs: str) -> tuple[int | None, int | None]:
    """The colours of text and of ground that attributes set: 0xRRGGBB, UNKNOWN, or None where
    they set none. A picture behind the text is UNKNOWN."""
    text = ground = None
    for found in _COLOUR.finditer(attrs):
        value = _colour(found["value"].lower())
        if found["name"].lower() == "color":
            text = value
        else:
            ground = value
    if _IMAGE.search(attrs):
        ground = UNKNOWN
    return text, ground


def _colour(value: str) -> int:
    if value.startswith("#"):
        digits = value[1:]
        if len(digits) in (3, 4):
            digits = "".join(digit * 2 for digit in digits)
        return int(digits[:6], 16) if len(digits) in (6, 8) else UNKNOWN
    if value.startswith("rgb"):
        parts = re.findall(r"\d{1,3}", value)[:3]
        if "%" in value or len(parts) < 3:
            return UNKNOWN
        red, green, blue = (min(int(part), 255) for part in parts)
        return red << 16 | green << 8 | blue
    return _NAMED.get(value, UNKNOWN)


def is_same(text: int | None, ground: int) -> bool:
    """Tell whether text of that colour cannot be seen on that ground."""
    if text is None or UNKNOWN in (text, ground):
        return False
    return all(abs((text >> by & 255) - (ground >> by & 255)) <= _NEAR for by in (0, 8, 16))


def without_formless(text: str) -> tuple[str, bool]:
    """`text` without tag characters and marks of direction, and whether they were such as nobody
    writes who does not mean to hide something. Flags of emoji and marks within Arabic or Hebrew
    are no such thing."""
    if text.isascii():
        return text, False
    return _FORMLESS.sub("", text), _SUSPECT.search(text) is not None
