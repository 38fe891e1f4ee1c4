"""Header fields as octets that any server takes.

Folding by RFC 5322, words by RFC 2047, parameters by RFC 2231. Everything here returns ASCII, in
lines of at most 76 columns where the value can be folded. The one exception: an address whose
local part is not ASCII stays UTF-8 (RFC 6532).
"""

import base64
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

import idna

from inboxes.addresses import Address

LINE = 76
_ENCODED_WORD = 64  # Fits behind "Reply-To: " in one line of 76 columns, RFC 2047 §2.
_LONGEST_WORD = 900  # RFC 5322 §2.1.1 allows 998 octets in a line.
_LONGEST_VALUE = 900
_MOST_HEADERS = 50

_BREAKS = re.compile(r"[\r\n\0]")
_PRINTABLE = re.compile(r"[\x20-\x7e\t]*\Z")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*\Z")
_LOCAL_PART = re.compile(
    r"[^\s\"\\()<>\[\]:;,@\x00-\x1f\x7f]+\Z|\"(?:[^\"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*\"\Z"
)
_DOMAIN = re.compile(r"[A-Za-z0-9._-]+\Z|\[[A-Za-z0-9.:-]+\]\Z")
_MSG_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,900}\Z")
_PLAIN_PARAMETER = re.compile(r"[A-Za-z0-9 !#$&'()+,\-./:;=?@\[\]^_`{|}~]{1,55}\Z")
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")

# What a caller may set: nothing that names people, places a message, or steers a provider
# (X-SMTPAPI and its like can add recipients that nobody approved).
ALLOWED_HEADERS = frozenset(
    {
        "auto-submitted",
        "comments",
        "content-language",
        "feedback-id",
        "importance",
        "keywords",
        "list-archive",
        "list-help",
        "list-id",
        "list-owner",
        "list-post",
        "list-subscribe",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "organization",
        "precedence",
        "priority",
        "sensitivity",
        "x-auto-response-suppress",
        "x-campaign-id",
        "x-correlation-id",
        "x-entity-ref-id",
        "x-priority",
        "x-request-id",
        "x-ticket-id",
    }
)
_FREE_TEXT = frozenset({"comments", "keywords", "organization"})


def refuse_breaks(name: str, value: str) -> None:
    """Raise ValueError naming the field when `value` holds CR, LF or NUL."""
    if _BREAKS.search(value):
        raise ValueError(f"{name}: CR, LF and NUL are not allowed in a header field.")


def checked_headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """A caller's own header fields, if they may be set. Raises ValueError naming a bad one."""
    if len(headers) > _MOST_HEADERS:
        raise ValueError(f"headers: at most {_MOST_HEADERS} header fields may be set.")
    return tuple((name, _checked_value(name, value)) for name, value in headers.items())


def _checked_value(name: str, value: str) -> str:
    if name.lower() not in ALLOWED_HEADERS:
        raise ValueError(f"{name!r}: this header field cannot be set.")
    refuse_breaks(name, value)
    if len(value) > _LONGEST_VALUE:
        raise ValueError(f"{name}: at most {_LONGEST_VALUE} characters are allowed.")
    if name.lower() not in _FREE_TEXT and not _PRINTABLE.match(value):
        raise ValueError(f"{name}: only printable ASCII is allowed.")
    return value.strip()


def unstructured(name: str, value: str) -> bytes:
    """`name: value` for free text. Raises ValueError on CR, LF or NUL."""
    refuse_breaks(name, value)
    value = value.strip()
    words = re.findall(r"[ \t]*[^ \t]+", value)
    plain = bool(_PRINTABLE.match(value)) and "=?" not in value
    if plain and all(len(word) < _LONGEST_WORD for word in words):
        return _folded(name, words)
    encoded = "\r\n ".join(_encoded_words(value))
    return f"{name}: {encoded}\r\n".encode("ascii")


def _folded(name: str, words: Iterable[str]) -> bytes:
    """Words that each bring the white space before them, broken before that white space."""
    lines = [f"{name}: "]
    for word in words:
        fits = len(lines[-1]) + len(word) <= LINE
        if fits or len(lines[-1]) == len(name) + 2:
            lines[-1] += word
        else:
            lines.append(word)
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def _encoded_words(value: str) -> list[str]:
    """RFC 2047 words of at most 64 columns, never broken inside a character."""
    octets = value.encode("utf-8", "replace")
    quoted_size = sum(1 if octet in _Q_SAFE or octet == 0x20 else 3 for octet in octets)
    if quoted_size <= len(octets) * 4 // 3:
        budget = _ENCODED_WORD - len("=?utf-8?q??=")
        return [f"=?utf-8?q?{chunk}?=" for chunk in _chunks(map(_q_encoded, value), budget)]
    budget = (_ENCODED_WORD - len("=?utf-8?b??=")) // 4 * 3
    pieces, piece = [], b""
    for character in value:
        octets = character.encode("utf-8", "replace")
        if len(piece) + len(octets) > budget:
            pieces.append(piece)
            piece = b""
        piece += octets
    return [f"=?utf-8?b?{base64.b64encode(each).decode('ascii')}?=" for each in [*pieces, piece]]


def _q_encoded(character: str) -> str:
    if character == " ":
        return "_"
    return "".join(
        chr(octet) if octet in _Q_SAFE else f"={octet:02X}"
        for octet in character.encode("utf-8", "replace")
    )


def _chunks(units: Iterable[str], budget: int) -> list[str]:
    """Units joined into strings of at most `budget` columns; a unit is never broken."""
    chunks = [""]
    for unit in units:
        if len(chunks[-1]) + len(unit) > budget:
            chunks.append("")
        chunks[-1] += unit
    return chunks


def ascii_domain(domain: str) -> str:
    """The domain in A-labels, lower case. Raises ValueError when it is no domain name."""
    try:
        plain = domain.isascii()
        ascii_form = domain if plain else idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        ascii_form = ""
    if not _DOMAIN.match(ascii_form):
        raise ValueError(f"{domain!r} is not a domain name.")
    return ascii_form.lower()


def address_octets(name: str, addr_spec: str) -> str:
    """An addr-spec fit for a header. Raises ValueError naming the field when it is none."""
    local_part, at, domain = addr_spec.rpartition("@")
    if not at or not _LOCAL_PART.match(local_part):
        raise ValueError(f"{name}: {addr_spec!r} is not an address.")
    try:
        return f"{local_part}@{ascii_domain(domain)}"
    except ValueError:
        raise ValueError(f"{name}: {addr_spec!r} is not an address.") from None


def address_list(name: str, addresses: Iterable[Address]) -> bytes:
    """`name: A <a@x>, B <b@y>`. Raises ValueError on CR, LF, NUL, or what is no address."""
    lines = [f"{name}:"]
    for index, address in enumerate(addresses):
        if index:
            lines[-1] += ","
        for word in _mailbox_words(name, address):
            if len(lines[-1]) + 1 + len(word) <= LINE or lines[-1] == f"{name}:":
                lines[-1] += f" {word}"
            else:
                lines.append(f" {word}")
    return ("\r\n".join(lines) + "\r\n").encode()


def _mailbox_words(name: str, address: Address) -> list[str]:
    """Pieces of one mailbox between which a line may be broken."""
    refuse_breaks(name, address.name)
    addr_spec = address_octets(name, address.addr_spec)
    display_name = address.name.strip()
    if not display_name:
        return [addr_spec]
    return [*_phrase(display_name), f"<{addr_spec}>"]


def _phrase(display_name: str) -> list[str]:
    plain = len(display_name) <= _ENCODED_WORD and "=?" not in display_name
    if plain and _ATOMS.match(display_name):
        return display_name.split(" ")
    if plain and re.match(r"[\x20-\x7e]*\Z", display_name):
        escaped = re.sub(r'(["\\])', r"\\\1", display_name)
        return [f'"{escaped}"']
    return _encoded_words(display_name)


def message_ids(name: str, ids: Iterable[str]) -> bytes:
    """`name: <id> <id>`, or nothing. An id that no header can hold is left out."""
    usable = [f"<{each}>" for each in ids if _MSG_ID.match(each)]
    return _folded(name, [usable[0], *(f" {each}" for each in usable[1:])]) if usable else b""


def parameter(name: str, value: str) -> str:
    """`;\\r\\n name="value"`, by RFC 2231 when it is long or not plain ASCII."""
    if _PLAIN_PARAMETER.match(value):
        return f';\r\n {name}="{value}"'
    units = [quote(c.encode("utf-8", "replace"), safe="!#$&+-.^_`|~") for c in value]
    chunks = _chunks(units, LINE - len(name) - len(" *000*=utf-8'';"))
    if len(chunks) == 1:
        return f";\r\n {name}*=utf-8''{chunks[0]}"
    return "".join(
        f";\r\n {name}*{number}*={chunk if number else 'utf-8' + chr(39) * 2 + chunk}"
        for number, chunk in enumerate(chunks)
    )
