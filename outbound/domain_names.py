"""Names that a workspace may bring: host names in A-labels (RFC 1123 §2.1, RFC 5891)."""

import re
from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

LONGEST = 220  # octets: the names of our records, a selector's for one, stand before it
LOCAL = "localhost"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NOT_IN_THE_DNS = frozenset({"alt", "arpa", "internal", "invalid", "local", "onion"})


def domain_name(text: str, *, hostname: str) -> str:
    """`text` as a domain that can be ours: A-labels, lower case, no final dot.

    `hostname` is our servers' own name. Raises ValueError with a sentence.
    """
    name = _a_labels(text.strip().removesuffix("."))
    labels = name.split(".")
    if len(name) > LONGEST:
        raise ValueError(f"A domain name has at most {LONGEST} characters here.")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("This is no domain name: acme.com is one.")
    if len(labels) == 1:
        raise ValueError(f"{name} is a top-level domain: name a domain below it, as acme.com.")
    if _public_suffixes().is_public(name, accept_unknown=False):
        raise ValueError(f"Many register names under {name}: name one of them, as acme.{name}.")
    if labels[-1] in _NOT_IN_THE_DNS:
        raise ValueError(f"Names under .{labels[-1]} are in no public DNS.")
    if name == hostname.lower():
        raise ValueError("This is the name of our own servers: name the domain of the addresses.")
    return name


@cache
def _public_suffixes() -> PublicSuffixList:
    """Domains of many owners: those of registries (co.uk), and of hosts (github.io)."""
    return PublicSuffixList()


def _a_labels(text: str) -> str:
    """Raises ValueError for what IDNA does not allow, also where it is written as A-labels."""
    lowered = text.lower()
    try:
        if not lowered.isascii():
            return idna.encode(lowered[:LONGEST], uts46=True).decode("ascii")
        for label in lowered.split("."):
            if label.startswith("xn--"):
                idna.decode(label)
    except (idna.IDNAError, UnicodeError):
        raise ValueError("This is no domain name: IDNA does not allow it.") from None
    return lowered


def is_local(name: str) -> bool:
    """True for names that stay on this machine (RFC 6761 §6.3): for development."""
    return name.endswith(f".{LOCAL}")
