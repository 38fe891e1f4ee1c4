"""RFC 5322 §3.4: addresses in header fields, as they really come, and how ours are compared."""

import re
import unicodedata
from dataclasses import dataclass

import idna

from inboxes.encoded_words import decode_header_text

ADDRESSES_LIMIT = 2000
_NAME_LIMIT = 500
_SPEC_LIMIT = 1000

_TOKEN = re.compile(
    r"(?P<word>=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)"
    r'|"(?P<quoted>(?:[^"\\]|\\.)*)"'
    r"|(?P<special>[<>,;:(])"
    r"|(?P<space>\s+)"
    r'|(?P<atom>(?:\\.|\[[^\[\]\\\s]*\]|[^<>,;:("\s])+|.)',
    re.DOTALL,
)
_COMMENT_MARK = re.compile(r"\\.|[()]", re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_DOT_ATOM = re.compile(
    r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,.\"]+(?:\.[^\s\x00-\x20\x7f()<>\[\]:;@\\,.\"]+)*"
)
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"')
_DOMAIN_LABEL = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")
_LITERAL = re.compile(r"\[[0-9A-Za-z:.]{2,60}\]")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>,;]")
_NO_TEXT = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: a display name, decoded, and its addr-spec as written."""

    name: str
    addr_spec: str


def parse_addresses(header_value: str, *, limit: int = ADDRESSES_LIMIT) -> tuple[Address, ...]:
    """Find the mailboxes of a From, To, Cc ... value, encoded or decoded. Never raises.

    Groups are opened up, what holds no address is left out, at most `limit` are given.
    """
    found = _Reader(header_value, limit).read()
    if not found and "=?" in header_value:
        decoded = decode_header_text(header_value)  # The sender encoded the whole field.
        found = _Reader(decoded, limit).read()
    return tuple(found)


class _Reader:
    """A single pass over the tokens of an address list."""

    def __init__(self, text: str, limit: int) -> None:
        self.text = text
        self.limit = limit
        self.found: list[Address] = []
        self.left_over = ""  # `Doe, John <j@x>` without quotes: "Doe" waits for its mailbox
        self._reset()

    def _reset(self) -> None:
        self.phrase: list[str] = []
        self.comment = ""
        self.spec: list[str] | None = None  # what stands between < and >
        self.closed = False

    def read(self) -> list[Address]:
        position, end = 0, len(self.text)
        while position < end and len(self.found) < self.limit:
            token = _TOKEN.match(self.text, position)
            if token is None:  # cannot be: the last alternative takes anything
                break
            position = token.end()
            if token["special"] == "(":
                position = self._read_comment(position)
            else:
                self._take(token)
        if len(self.found) < self.limit:
            self._finish(left_over_allowed=False)
        return self.found

    def _take(self, token: re.Match[str]) -> None:
        special = token["special"]
        if special == "<":
            self._open()
        elif special == ">":
            self.closed = True
        elif special in (",", ";"):
            self._separate(special)
        elif special == ":":
            self._colon()
        elif self.spec is not None and not self.closed:
            self.spec += [] if token["space"] else [token[0]]
        elif token["quoted"] is not None and self.text[token.end() : token.end() + 1] == "@":
            self.spec = [token[0]]  # a quoted local part without angle brackets
        elif self.closed and not token["space"] and "@" in token[0]:
            self._finish(left_over_allowed=False)  # `<a@x> <b@x>` or `<a@x> b@x`: no comma
            self.phrase.append(token[0])
        elif not self.closed:
            self.phrase.append(self._phrase_text(token))

    def _open(self) -> None:
        if self.closed and self.spec:  # `<a@x> <b@x>`: no comma between them
            self._finish(left_over_allowed=False)
        self.spec = []
        self.closed = False

    @staticmethod
    def _phrase_text(token: re.Match[str]) -> str:
        if token["quoted"] is not None and "@" not in token["quoted"]:
            return _QUOTED_PAIR.sub(r"\1", token["quoted"])
        return " " if token["space"] else token[0]

    def _separate(self, special: str) -> None:
        if self.spec is not None and not self.closed and not "".join(self.spec).strip():
            return
        self._finish(left_over_allowed=special == ",")

    def _colon(self) -> None:
        """After a phrase this begins a group; within <> it ends a route (RFC 5322 §4.4)."""
        if self.spec is not None and not self.closed:
            self.spec = []
        elif self.spec is None:
            self._reset()
            self.left_over = ""

    def _read_comment(self, position: int) -> int:
        """Read on to the end of a comment that was opened just before `position`."""
        depth = 1
        for mark in _COMMENT_MARK.finditer(self.text, position):
            if mark[0] in "()":
                depth += 1 if mark[0] == "(" else -1
            if not depth:
                self.comment = self.comment or self.text[position : mark.start()]
                return mark.end()
        self.comment = self.comment or self.text[position:]
        return len(self.text)

    def _finish(self, *, left_over_allowed: bool) -> None:
        phrase = "".join(self.phrase).strip()
        before, self.left_over = self.left_over, ""
        if self.spec is not None:
            self._add(f"{before}, {phrase}" if before else phrase, "".join(self.spec))
        elif "@" in phrase:
            self._add_words(phrase.split())
        elif left_over_allowed:
            self.left_over = phrase[:_NAME_LIMIT]
        self._reset()

    def _add_words(self, words: list[str]) -> None:
        """Take the addresses among words without angle brackets; the others are the name."""
        name = " ".join(word for word in words if "@" not in word)
        for word in words:
            if "@" in word and len(self.found) < self.limit:
                self._add(name, word)

    def _add(self, name: str, spec: str) -> None:
        if spec := _clean_spec(spec):
            self.found.append(Address(_clean_name(name or self.comment), spec))


def _clean_spec(text: str) -> str:
    spec = text.strip("'<> \t\r\n")
    if spec.startswith('"') and spec.endswith('"'):
        spec = spec[1:-1].strip()
    if spec[:7].lower() == "mailto:":
        spec = spec[7:]
    local, at, domain = spec.rpartition("@")
    domain = domain.strip(".")
    if not at or not local or not domain or len(spec) > _SPEC_LIMIT or _NO_TEXT.search(spec):
        return ""
    if _FORBIDDEN.search(domain) or (
        _FORBIDDEN.search(local) and not _QUOTED_LOCAL.fullmatch(local)
    ):
        return ""
    if "=?" in local:
        local = "".join(decode_header_text(local).split())
    return f"{local}@{domain}"


def _clean_name(text: str) -> str:
    name = " ".join(decode_header_text(text).split())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name[:_NAME_LIMIT]


def split_address(addr_spec: str) -> tuple[str, str]:
    """Split into local part and domain by RFC 5321 §4.1.2 and its limits, RFC 6531 allowed.

    Raises ValueError with a sentence that a person can read.
    """
    local, at, domain = addr_spec.rpartition("@")
    if not at or not local or not domain:
        raise ValueError("An address has the form name@domain.")
    if _NO_TEXT.search(addr_spec):
        raise ValueError("The address holds characters that are no text.")
    if len(local.encode()) > 64:
        raise ValueError("The part before the @ is longer than 64 octets.")
    if len(domain.encode()) > 255:
        raise ValueError("The domain is longer than 255 octets.")
    if not (_DOT_ATOM.fullmatch(local) or _QUOTED_LOCAL.fullmatch(local)):
        raise ValueError("The part before the @ holds characters that may not stand there.")
    if not (_is_domain(domain) or _LITERAL.fullmatch(domain)):
        raise ValueError("The part after the @ is no domain name.")
    return local, domain


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    return all(_DOMAIN_LABEL.fullmatch(x) and len(x.encode()) <= 63 for x in labels)


def parse_mailbox(text: str) -> Address:
    """Read exactly one mailbox, as a caller of the API writes it. Raises ValueError."""
    if any(mark in text for mark in "\r\n\0"):
        raise ValueError("An address may not hold line ends or NUL.")
    found = parse_addresses(text, limit=2)
    if len(found) != 1:
        raise ValueError("Exactly one address is expected, as name@domain or Name <name@domain>.")
    address = found[0]
    split_address(address.addr_spec)
    if address.addr_spec not in text:
        raise ValueError("The address is not written as RFC 5322 has it.")
    return address


def fold_address(addr_spec: str) -> str:
    """Answer the one form in which addresses are compared: lower case, domain as A-labels."""
    local, at, domain = addr_spec.strip().rpartition("@")
    local = unicodedata.normalize("NFC", local).casefold()
    return f"{local}{at}{fold_domain(domain)}"


def fold_domain(domain: str) -> str:
    """Answer a domain in lower case, as A-labels, without the dot of the root."""
    lowered = domain.strip().rstrip(".").lower()
    if lowered.isascii():
        return lowered
    try:
        return idna.encode(lowered[:255], uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return lowered


def base_address(addr_spec: str) -> str:
    """Answer the folded address without its sub-address: support+x@ is support@ (RFC 5233)."""
    local, at, domain = fold_address(addr_spec).rpartition("@")
    base, plus, _ = local.partition("+")
    return f"{base if plus and base else local}{at}{domain}"
