"""RFC 5322 §3.6.4 and RFC 5256: which message answers which. Places mail, grants nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MESSAGE_ID_LIMIT = 998  # RFC 5322 §2.1.1: no line is longer
_IDS_LIMIT = 1000
REFERENCES_KEPT = 20

_BRACKETED = re.compile(r"<([^<>]*)>")
_COMMENT = re.compile(r"\([^()]*\)")
_BARE_ID = re.compile(r"[^\s<>\"',;:()]+@[^\s<>\"',;()]+")

# RFC 5256 §2.1. Applied again and again, so each takes away one thing from one end.
_TRAILER = re.compile(r"(?:\s|\(fwd\))+\Z", re.IGNORECASE)
_BLOB = re.compile(r"\[[^\[\]]*\]\s*")
_REFWD = re.compile(r"(?:re|fwd?)\s*(?:\[[^\[\]]*\]\s*)?:\s*", re.IGNORECASE)
_FWD_WRAP = re.compile(r"\[fwd:(.*)\]\Z", re.IGNORECASE | re.DOTALL)

# What mail programs write before the subject of an answer or a forward, in their users' tongues.
_REPLIES = (
    "re|aw|antw|antwort|sv|vs|rif|r|res|odp|odg|ynt|atb|ats|bls|tl|vá|σχετ|απ|השב|"
    "回复|回覆|答复|答覆|返信"
)
_FORWARDS = "fwd?|wg|tr|enc|doorst|vl|vb|i|pd|ilt|trs|továbbítás|πρθ|转发|轉寄|转寄"
# Then perhaps a count, as in RE[2]: or Re^3:, and a colon, which East Asian keyboards make wide.
_COLON = r"\s*(?:\[\d{1,4}\]|\(\d{1,4}\)|[*^]\d{1,4}|\d{1,2})?\s*[:\uff1a]\s*"
_TAG = r"\s*(?:\[[^\[\]]{0,60}\]\s*)?"
_REPLY_MARK = re.compile(rf"{_TAG}(?:{_REPLIES}){_COLON}", re.IGNORECASE)
_ANY_MARK = re.compile(rf"(?:{_REPLIES}|{_FORWARDS}){_COLON}", re.IGNORECASE)
_SUBJECT_LIMIT = 2000


def base_subject(subject: str) -> str:
    """Answer the base subject of RFC 5256 §2.1, besides the reply marks of other languages."""
    rest = " ".join(subject[:_SUBJECT_LIMIT].split())
    while True:
        before = rest
        rest = _TRAILER.sub("", rest)
        rest = _strip_leaders(rest)
        if wrapped := _FWD_WRAP.match(rest):
            rest = wrapped[1].strip()
        if rest == before:
            return rest


def _strip_leaders(subject: str) -> str:
    while True:
        rest = subject.lstrip()
        leader = _REFWD.match(rest) or _ANY_MARK.match(rest)
        if leader is None and (blob := _BLOB.match(rest)):
            # A blob goes only if something is left: `[xyz]` alone is the subject.
            leader = blob if rest[blob.end() :].strip() else None
        if leader is not None:
            rest = rest[leader.end() :]
        if rest == subject:
            return subject
        subject = rest


def is_reply_subject(subject: str) -> bool:
    """Tell whether a subject says that it answers (`Re:`, `AW:`, `[tag] RE[2]:`, ...).

    A forward is no answer: it may bring another person's matter.
    """
    return bool(_REPLY_MARK.match(subject[:_SUBJECT_LIMIT]))


def parse_message_ids(header_value: str) -> tuple[str, ...]:
    """Read the ids of Message-ID, In-Reply-To or References, in order and without brackets.

    White space within an id is a fold gone wrong and is left out. Without any bracket, words that
    look like ids are taken if all do; an id that was cut off before its `>` is skipped.
    """
    found = [_squeeze(inner) for inner in _BRACKETED.findall(header_value)]
    if not found and "<" not in header_value:
        words = _COMMENT.sub(" ", header_value.replace(",", " ")).split()
        found = words if all(map(_is_bare_id, words)) else []
    ids = tuple(dict.fromkeys(x for x in found if x and len(x) <= MESSAGE_ID_LIMIT))
    if len(ids) > _IDS_LIMIT:
        return ids[:1] + ids[1 - _IDS_LIMIT :]
    return ids


def _is_bare_id(word: str) -> bool:
    return len(word) <= MESSAGE_ID_LIMIT and bool(_BARE_ID.fullmatch(word))


def _squeeze(inner: str) -> str:
    return "".join(inner.split()).replace("\0", "")


def ancestors(in_reply_to: Sequence[str], references: Sequence[str]) -> tuple[str, ...]:
    """Answer the ids that may be the parent, nearest first."""
    return tuple(dict.fromkeys((*in_reply_to, *reversed(references))))


def reply_references(parent_references: Sequence[str], parent_message_id: str) -> tuple[str, ...]:
    """Answer the References of a reply: the parent's and its id.

    Of more than 20, the first and the last 19 are kept.
    """
    line = [x for x in dict.fromkeys(parent_references) if x != parent_message_id]
    line += [parent_message_id] if parent_message_id else []
    if len(line) > REFERENCES_KEPT:
        line = line[:1] + line[1 - REFERENCES_KEPT :]
    return tuple(line)


@dataclass(frozen=True, slots=True)
class Threadable:
    """The fields of one message that place it."""

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]


def group(messages: Sequence[Threadable]) -> list[list[int]]:
    """Group messages (by their index) into threads, whatever the order in which they came.

    Each is joined with its nearest ancestor that is held, and with those nearer that are not:
    two answers to a message that we never saw belong together.
    """
    held = {message.message_id for message in messages if message.message_id}
    forest = _Forest()
    for index, message in enumerate(messages):
        node: str | int = message.message_id or index
        forest.join(index, node)
        for ancestor in ancestors(message.in_reply_to, message.references):
            if ancestor == message.message_id:
                continue
            forest.join(index, ancestor)
            if ancestor in held:
                break
    groups: dict[str | int, list[int]] = {}
    for index in range(len(messages)):
        groups.setdefault(forest.top(index), []).append(index)
    return list(groups.values())


class _Forest:
    """Sets that can only grow together."""

    def __init__(self) -> None:
        self.above: dict[str | int, str | int] = {}

    def top(self, node: str | int) -> str | int:
        path = []
        while node in self.above:
            path.append(node)
            node = self.above[node]
        for passed in path:
            self.above[passed] = node
        return node

    def join(self, one: str | int, other: str | int) -> None:
        above, below = self.top(one), self.top(other)
        if above != below:
            self.above[below] = above
