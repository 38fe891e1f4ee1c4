"""Does a sender pretend to be one of us, or somebody else than it is?

Look-alikes are found by a skeleton in the manner of Unicode TS #39: the standard library's
normalisation, then a table of the letters and pairs that are mistaken for Latin ones.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import idna

from inboxes.proving.dmarc import ascii_domain, is_related, organisation_of

_SHORT = 5  # letters: shorter names resemble each other by chance
_LONGEST = 200
_WORD = re.compile(r"[^\W_]+")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")
# Letters that look like these Latin ones, lower case.
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("аɑαａ", "a"),
        **dict.fromkeys("еєҽ3", "e"),
        **dict.fromkeys("оοσ0օ", "o"),
        **dict.fromkeys("рρ", "p"),
        **dict.fromkeys("сϲ", "c"),
        **dict.fromkeys("хχ", "x"),
        **dict.fromkeys("уγ", "y"),
        **dict.fromkeys("іıι1|!lӏⅼ", "i"),
        **dict.fromkeys("ѕ5", "s"),
        **dict.fromkeys("вβ", "b"),
        **dict.fromkeys("нһ", "h"),
        **dict.fromkeys("кκ", "k"),
        **dict.fromkeys("мʍ", "m"),
        **dict.fromkeys("тτ", "t"),
        **dict.fromkeys("пηո", "n"),
        "ԁ": "d",
        "ɡ": "g",
        "ј": "j",
        "ԛ": "q",
        "ѵ": "v",
        "ν": "v",
        "ѡ": "w",
        "ω": "w",
        "υ": "u",
        "ս": "u",
    }
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("ci", "d"))


@dataclass(frozen=True, slots=True)
class Ours:
    """Those who might be imitated. `names`: of people and inboxes; `addresses`: folded."""

    names: frozenset[tuple[str, ...]] = frozenset()
    domains: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


def folded_name(name: str) -> tuple[str, ...]:
    """A person's name so that it compares: its words, alike ones alike, in no order.

    () for a name of one short word: half the world bears it.
    """
    words = tuple(sorted(skeleton(word) for word in _WORD.findall(name[:_LONGEST])))
    return words if len(words) > 1 or sum(map(len, words)) > _SHORT else ()


def skeleton(text: str) -> str:
    """What `text` looks like, in small Latin letters as far as possible."""
    plain = unicodedata.normalize("NFKD", text.casefold()[:_LONGEST])
    plain = "".join(c for c in plain if not unicodedata.combining(c)).translate(_ALIKE)
    for pair, one in _PAIRS:
        plain = plain.replace(pair, one)
    return plain


def suspicions(name: str, addr_spec: str, reply_to: Iterable[str], ours: Ours) -> list[str]:
    """Keys of `warning_words.WARNINGS` for a sender of this name and address."""
    domain = addr_spec.rpartition("@")[2]
    asked = ascii_domain(domain)
    found = []
    is_ours = asked in ours.domains or addr_spec.lower() in ours.addresses
    if not is_ours and _bears_our_name(name, ours):
        found.append("name_of_ours")
    if not is_ours and asked and _looks_like_any(asked, ours.domains):
        found.append("looks_like_ours")
    if _mixes_scripts(name) or _mixes_scripts(_readable(domain)):
        found.append("mixed_scripts")
    if asked and any(_is_elsewhere(spec, asked, ours) for spec in reply_to):
        found.append("reply_to_elsewhere")
    return found


def _bears_our_name(name: str, ours: Ours) -> bool:
    """Also where the name is an address of ours: `"help@acme.example" <eve@evil.example>`."""
    folded = folded_name(name)
    if folded and folded in ours.names:
        return True
    written = name.lower()[:_LONGEST]
    return any(f"@{domain}" in written for domain in ours.domains)


def _is_elsewhere(addr_spec: str, domain: str, ours: Ours) -> bool:
    other = ascii_domain(addr_spec.rpartition("@")[2])
    return bool(other) and other not in ours.domains and not is_related(other, domain)


def _looks_like_any(domain: str, ours: Iterable[str]) -> bool:
    return any(
        not is_related(domain, own) and _looks_like(domain, organisation_of(own)) for own in ours
    )


def _looks_like(domain: str, own: str) -> bool:
    label = own.partition(".")[0]
    if len(label) < _SHORT:
        return False
    mine = skeleton(_readable(label))
    theirs = _readable(organisation_of(domain).partition(".")[0])
    pieces = {skeleton(piece) for piece in theirs.split("-")}
    whole = skeleton(theirs.replace("-", ""))
    if mine in pieces or mine.replace("-", "") == whole:
        return True
    return len(mine) > _SHORT and _is_one_slip(mine, whole)


def _is_one_slip(one: str, other: str) -> bool:
    """Tell whether a letter added, left out, changed or swapped with its neighbour is all."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    a, b = one[start:], other[start:]
    return (
        a[1:] == b[1:]
        or a[1:] == b
        or a == b[1:]
        or (a[:2] == b[:2][::-1] and a[2:] == b[2:] and len(a) > 1)
    )


def _readable(domain: str) -> str:
    """A domain as a reader sees it: A-labels decoded."""
    if "xn--" not in domain.lower():
        return domain
    try:
        return idna.decode(domain[:_LONGEST])
    except (idna.IDNAError, UnicodeError):
        return domain


def _mixes_scripts(text: str) -> bool:
    """Tell whether a word mixes alphabets whose letters are taken for each other's."""
    if text.isascii():
        return False
    return any(len(_scripts(word)) > 1 for word in _WORD.findall(text[:_LONGEST]))


def _scripts(word: str) -> set[str]:
    names = (unicodedata.name(letter, "").partition(" ")[0] for letter in word)
    return {name for name in names if name in _SCRIPTS}
