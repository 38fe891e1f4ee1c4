"""The lines that begin a quotation: "On ... wrote:", "-----Original Message-----", a block of header fields.

Lines over `LONGEST` characters are never looked at, and no more than a few lines are joined: hostile text
costs no more than its length.
"""

# ruff: noqa: E501, RUF001 (patterns over dashes and words of many languages)

import re

from inboxes.quote_words import FIELD_KINDS, FIRST_WORDS, FORWARDED, MESSAGE, ON, WROTE

LONGEST = 300
_JOINED = 4  # lines over which a client may break "On ... wrote:"

_WROTE = re.compile(rf"(?:(?<!\w)(?:{WROTE})(?!\w)|写道|寫道|のメール)", re.IGNORECASE)
_ENDS = re.compile(r"(?:[:\uff1a]\s*|-{2,}\s*|:\s*\*+)$")
_ENDS_IN_WROTE = re.compile(rf"(?:{WROTE})\s*(?:[:\uff1a]|-{{2,}}|\.\.\.)?[\s*_]*$", re.IGNORECASE)
_ON = re.compile(rf"[\s*_>-]*+(?:{ON})(?![^\W\d_])", re.IGNORECASE)
_DATED = re.compile(
    r"\d{1,2}[:.h]\d{2}|(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}\s?[/.-]\s?\d{1,2}\s?[/.-]|\d{1,2}時|[0-9]+月"
    r"|\b(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\.? \d|\d\.? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)
# Every alternative above has a digit beside one of these: told in a tenth of the time.
_MAY_BE_DATED = re.compile(r"[\d ](?:[\s:.hH/\-時月]|(?<= )\d|\d\d\d)")
_ADDRESS = re.compile(r"[^\s<>@\"(]@[^\s<>@]+\.[^\s<>@]|<mailto:")
_STARTS_DATED = re.compile(
    r"[\s*_\"]*(?:[^\W\d_]{1,14}[.,]{0,2}\s?)?(?:\d{1,2}|\d{4}|[^\W\d_]{3,9})[-\s./,年]",
    re.IGNORECASE,
)
_CLOSED_ADDRESS = re.compile(r"<[^<>@\s]+@[^<>\s]+>\)?\s*[:\uff1a]?[\s*_]*$")
_ORIGINAL = re.compile(
    rf"[\s>*|]*+[-_=‐]{{2,}}[\s>]*[^-_=‐]{{0,40}}?(?:{MESSAGE})[^-_=‐]{{0,40}}[-_=‐]{{2,}}[\s*]*$|[\s>]*+-{{6,}}\s?original\s?-{{6,}}\s*$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(rf"[\s>*_-]*+(?:{FORWARDED})\s*[:\uff1a]?[\s*_-]*$", re.IGNORECASE)
# Notes: "-----Ann Lee/Acme wrote: -----". GroupWise: ">>> Ann Lee <ann@example.com> 6/7/2026 9:12 >>>".
_BETWEEN_ROWS = re.compile(
    rf"\s*-{{3,}}\s*[^-\s][^\n]{{0,100}}\s(?:{WROTE})\s*:?\s*-{{3,}}\s*$", re.IGNORECASE
)
_BETWEEN_ARROWS = re.compile(
    r"\s*>{3} [^>\n]{2,80}(?:<[^<>\s]{3,100}>)?[^>\n]{0,40}\d[^>\n]{0,40}>{3}\s*$"
)
_DIRECTION_MARKS = dict.fromkeys((0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_RULE = re.compile(r"\s*+(?:[-_=*~#+—–]\s?){3,}\s*$")
_ALL_IN_ONE = re.compile(
    r"[\s*]*(?:from|von|de|da|od|från|от)\s*:.{3,120}\b(?:date|sent|gesendet|envoyé|fecha|to|an)\s*:",
    re.IGNORECASE,
)
_REPLY_ABOVE = re.compile(
    r"[\s#>*=_-]*+(?:please )?(?:type|write|enter)? ?(?:your )?reply above this line|##- .{5,80} -##|[-=#_\s]*reply above th(?:is|e) line",
    re.IGNORECASE,
)
_CANDIDATE = re.compile(r"[\d@<]")
# Whatever the patterns above find has one of these, or begins with one of FIRST_WORDS.
_SIGN = re.compile(r"[\d@<:\uff1a>]|[-_=#‐]{2}")
_ASCII_SIGN = re.compile(r"[0-9@<:>_=#]")  # and "--": the same, in a quarter of the time
_ASCII_MARK = re.compile(r"[@<:>_=#]")
_FIRST_WORD = re.compile(r"[\s#>*=_-]*+([^\W\d_]*)")
_BEFORE_WORDS = "#>*=_- \t\v\f\r\x1c\x1d\x1e\x1f"
_FIRST_TWO = {word[:2] for word in FIRST_WORDS}


def may_introduce(line: str) -> bool:
    """Tell cheaply that a line is neither quoted nor begins what introduces a quotation: false
    for nearly all that people write."""
    if not line.isascii():
        return _SIGN.search(line) is not None or _first_word(line) in FIRST_WORDS
    if "--" in line or _has_sign(line):
        return True
    start = line.lstrip(_BEFORE_WORDS)[:2].lower()
    return start.strip() in _FIRST_TWO and _first_word(line) in FIRST_WORDS


def _has_sign(line: str) -> bool:
    """In ASCII. A digit is a sign only where it may be part of a date."""
    sign = _ASCII_SIGN.search(line)
    if sign is None or not sign[0].isdigit():
        return sign is not None
    return bool(_ASCII_MARK.search(line, sign.end()) or _MAY_BE_DATED.search(line))


def _first_word(line: str) -> str:
    match = _FIRST_WORD.match(line)
    return match[1].lower() if match else ""


def is_rule(line: str) -> bool:
    """A row of dashes, underscores or the like."""
    return len(line) <= LONGEST and _RULE.match(line) is not None


def announces_message(line: str) -> bool:
    """ "-----Original Message-----", "Begin forwarded message:" and their like, alone on the line."""
    if not 6 <= len(line) <= LONGEST:
        return False
    if line.isascii() and line[0].isalpha() and _first_word(line) not in FIRST_WORDS:
        return False
    return bool(
        _ORIGINAL.match(line)
        or _FORWARDED.match(line)
        or _REPLY_ABOVE.match(line)
        or _BETWEEN_ROWS.match(line)
        or is_between_arrows(line)
    )


def is_between_arrows(line: str) -> bool:
    """GroupWise's line above old mail: it looks like a quotation and is none."""
    return line.lstrip()[:4] == ">>> " and _BETWEEN_ARROWS.match(line[:LONGEST]) is not None


def attribution_length(lines: list[str], at: int) -> int:
    """How many lines from `at` on say who wrote what is quoted below, and when; 0 for none."""
    line = _plain(lines[at])
    if not line or len(line) > LONGEST:
        return 0
    if _is_attribution(line):
        return 1
    if not _may_continue(line):
        return 0
    return _broken_attribution(lines, at)


def _plain(line: str) -> str:
    """`line` without the invisible marks that clients set around addresses in Hebrew and Arabic."""
    return (line if line.isascii() else line.translate(_DIRECTION_MARKS)).strip()


def _broken_attribution(lines: list[str], at: int) -> int:
    joined = lines[at].strip()
    for length in range(2, _JOINED + 1):
        following = lines[at + length - 1].strip() if at + length <= len(lines) else ""
        if not following or _stands_alone(following):
            return 0
        if following.startswith(">") and joined.rfind("<") <= joined.rfind(">"):
            return 0
        joined = f"{joined} {following}" if not joined.endswith("<") else joined + following
        if len(joined) > LONGEST:
            return 0
        if _is_attribution(joined):
            return length
    return 0


def _stands_alone(line: str) -> bool:
    return _is_attribution(line) and _begins_dated(line) and _DATED.search(line[:60]) is not None


def _may_continue(line: str) -> bool:
    if _ON.match(line):
        return True
    if not _CANDIDATE.search(line):
        return False
    return bool(_STARTS_DATED.match(line) and _DATED.search(line)) or bool(
        _is_addressed(line) and _WROTE.search(line)
    )


def _is_addressed(line: str) -> bool:
    return ("@" in line or "<mailto:" in line) and _ADDRESS.search(line) is not None


def _is_attribution(line: str) -> bool:
    if not _CANDIDATE.search(line):  # neither date nor address: most lines, told cheaply
        return False
    if line.endswith((".", "!", "?", ";")) and not line.endswith("..."):
        return False
    addressed = _is_addressed(line)
    dated = _MAY_BE_DATED.search(line) is not None and _DATED.search(line) is not None
    if not addressed and not dated:
        return False
    if _WROTE.search(line):
        if _ENDS.search(line):
            return addressed or (dated and _begins_dated(line))
        return _ENDS_IN_WROTE.search(line) is not None and (addressed or _begins_dated(line))
    if not (dated and addressed and _CLOSED_ADDRESS.search(line)):
        return False
    return _begins_dated(line) and _DATED.search(line[:60]) is not None


def _begins_dated(line: str) -> bool:
    return (
        _ON.match(line) is not None
        or _STARTS_DATED.match(line) is not None
        or line.startswith("--")
    )


def introduces_marked(line: str) -> bool:
    """Words that introduce a quotation only where lines marked with ">" follow: "Ann wrote:"."""
    text = line.strip()
    if len(text) > LONGEST or not text.endswith((":", "\uff1a")):
        return False
    return bool(_ADDRESS.search(text) or _WROTE.search(text))


def field_kind(line: str) -> str:
    """Which header field `line` looks like: "from", "date", "to", "subject", "other" or ""."""
    if len(line) > 2000:
        return ""
    name, colon, _ = line[:60].replace("\uff1a", ":").lstrip(" \t*_>|\xa0").partition(":")
    return FIELD_KINDS.get(name.strip(" \t*_\xa0").lower(), "") if colon else ""


def header_block_length(lines: list[str], at: int) -> int:
    """How many lines from `at` on are the header fields of a message pasted below; 0 for none.

    It has a sender, a date or subject, and an address or subject: "From: Riga, To: Oslo" is no header.
    """
    if ":" not in lines[at] and "\uff1a" not in lines[at]:
        return 0
    if _ALL_IN_ONE.match(lines[at][:LONGEST]) and "@" in lines[at][:LONGEST]:
        return 1
    first = field_kind(lines[at])
    if first not in ("from", "date", "subject", "to"):
        return 0
    kinds, end = _read_fields(lines, at)
    if "from" not in kinds or not kinds & {"date", "subject"}:
        return 0
    if first != "from" and len(kinds) < 3:
        return 0
    addressed = any("@" in line[:LONGEST] for line in lines[at:end])
    return end - at if "subject" in kinds or addressed else 0


def _read_fields(lines: list[str], at: int) -> tuple[set[str], int]:
    """The kinds of field from `at` on, and where they end. One blank or two folded lines may stand between."""
    kinds: set[str] = set()
    end, others = at, 0
    for i in range(at, min(at + 40, len(lines))):
        if kind := field_kind(lines[i]):
            kinds.add(kind)
            end, others = i + 1, 0
            continue
        others += 1
        if others > 2:
            break
    return kinds, end
