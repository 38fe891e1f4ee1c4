"""How one text became another, word by word."""

import difflib
from typing import Literal

Piece = tuple[Literal["same", "removed", "added"], str]
WORD_LIMIT = 4000  # a difference over more words than this compares whole lines


def word_difference(before: str, after: str) -> list[Piece]:
    """The pieces that show how `before` became `after`; joined without the removed: `after`."""
    if len(before.split()) + len(after.split()) <= WORD_LIMIT:
        old, new = _words(before), _words(after)
    else:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    pieces: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(old[a:b])))
            continue
        if b > a:
            pieces.append(("removed", "".join(old[a:b])))
        if d > c:
            pieces.append(("added", "".join(new[c:d])))
    return pieces


def _words(text: str) -> list[str]:
    """Words and the white space between them, in order."""
    words: list[str] = []
    for line in text.splitlines(keepends=True):
        for at, word in enumerate(line.split(" ")):
            words += [" ", word] if at else [word]
    return [word for word in words if word]
