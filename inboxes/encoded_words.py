"""RFC 2047: text in header fields that is not ASCII. Lenient in reading, linear in time."""

import binascii
import quopri
import re

from inboxes import charsets

# Within the text, "?=" ends the word and "=?" would begin another one ("=?=" is padding and end).
_WORD = re.compile(
    r"=\?([^?\s]{1,80})\?([bBqQ])\?((?:(?!\?=|=\?(?!=)).)*)\?=",
    re.DOTALL,
)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_PADDING = re.compile(rb"=+")
_ENDS_LIMIT = 1000


def decode_header_text(text: str) -> str:
    """Decode the encoded words of an unfolded header value; what is broken stays as it is."""
    if "=?" not in text:
        return charsets.clean(text)
    # Only with an end ahead can every start find one: this keeps the search linear.
    last_end = text.rfind("?=") + 2
    if last_end < 8:
        return charsets.clean(text)
    decoded: list[str] = []
    octets, charset, position = b"", "", 0
    for word in _WORD.finditer(text, 0, last_end):
        between = text[position : word.start()]
        if between.strip() or not (octets or position):
            decoded += [_flush(octets, charset), between]
            octets, charset = b"", ""
        word_charset = word[1].partition("*")[0]
        # Long characters are cut in two by careless senders: join before decoding.
        if word_charset.lower() != charset.lower():
            decoded.append(_flush(octets, charset))
            octets, charset = b"", word_charset
        octets += _word_octets(word[2], word[3])
        position = word.end()
    decoded += [_flush(octets, charset), text[position:]]
    return charsets.clean("".join(decoded))


def _flush(octets: bytes, charset: str) -> str:
    return charsets.decode(octets, charset)[0] if octets else ""


def _word_octets(encoding: str, text: str) -> bytes:
    encoded = text.encode("utf-8", "replace")
    if encoding in "bB":
        return decode_base64(encoded)[0]
    return quopri.decodestring(encoded.replace(b" ", b"_"), header=True)


def decode_base64(encoded: bytes) -> tuple[bytes, bool]:
    """Decode base64 with junk, wrong padding or several ends; tell whether it was clean."""
    try:
        if encoded.find(b"=", 0, -4) < 0:
            return binascii.a2b_base64(encoded), True
    except binascii.Error:
        pass
    decoded = []
    for piece in _PADDING.split(encoded.translate(None, _NOT_BASE64), _ENDS_LIMIT):
        piece = piece.replace(b"=", b"")
        whole = piece[:-1] if len(piece) % 4 == 1 else piece
        decoded.append(binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)))
    return b"".join(decoded), False
