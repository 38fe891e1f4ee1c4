"""Octets to text, whatever their charset is said to be. Never raises, never loses the message.

What comes out can be stored in PostgreSQL: no NUL and no lone surrogate.
"""

import codecs
from functools import lru_cache

# What senders write, and what they mean by it (the WHATWG encoding standard's view).
_MEANT = {
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "iso-8859-1": "windows-1252",
    "iso8859-1": "windows-1252",
    "latin1": "windows-1252",
    "latin-1": "windows-1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-9": "windows-1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "x-big5": "big5hkscs",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "8bit": "utf-8",
    "default": "utf-8",
}
# Text codecs of Python that are no charset of mail, or slow on purpose-made input.
_REFUSED = frozenset(
    ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem")
)
_LONGEST_NAME = 60
# Escapes in ASCII: damaged, they would still pass as UTF-8.
_SEVEN_BIT = ("iso2022", "hz", "utf-7")


@lru_cache(maxsize=256)
def codec_name(charset: str) -> str:
    """Name the codec that `charset` means, or "" for one that nobody knows."""
    name = charset.strip().strip("\"'").lower()
    if not name or len(name) > _LONGEST_NAME or not name.isascii() or "\0" in name:
        return ""
    name = _MEANT.get(name, name)
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    if not getattr(found, "_is_text_encoding", True) or found.name in _REFUSED:
        return ""
    return found.name


def decode(octets: bytes, charset: str = "") -> tuple[str, bool]:
    """Decode as `charset`, else UTF-8, else windows-1252; tell whether the label held true."""
    codec = codec_name(charset) if charset else "utf-8"
    if codec:
        try:
            return clean(octets.decode(codec)), True
        except (UnicodeError, ValueError):
            pass
    if octets.isascii() and codec.startswith(_SEVEN_BIT):
        return clean(_decode_seven_bit(octets, codec)), False
    if codec != "utf-8":
        try:
            return clean(octets.decode("utf-8")), False
        except UnicodeError:
            pass
    return clean(_decode_damaged(octets, codec or "utf-8")), False


def _decode_damaged(octets: bytes, codec: str) -> str:
    """Keep the labelled codec where the damage is small, else read windows-1252."""
    try:
        text = octets.decode(codec, "replace")
    except (UnicodeError, ValueError):
        return octets.decode("windows-1252", "replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return text if good > bad else octets.decode("windows-1252", "replace")


def _decode_seven_bit(octets: bytes, codec: str) -> str:
    if codec.startswith("iso2022_jp"):
        # The vendors' characters of row 13 are in JIS X 0213, under another escape.
        octets = octets.replace(b"\x1b$B", b"\x1b$(Q").replace(b"\x1b$@", b"\x1b$(Q")
        codec = "iso2022_jp_2004"
    return octets.decode(codec, "replace")


def clean(text: str) -> str:
    """Take out what PostgreSQL cannot hold: NUL characters and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
