"""Where the signature of a text begins: a delimiter, a phone that signs for its owner, a sign-off with a name."""

# ruff: noqa: E501, RUF001 (patterns over dashes and words of many languages)

import re

from inboxes.quote_words import SENT_ENDS, SENT_FROM, SENT_STARTS, SIGN_OFF

_LONGEST_LINE = 120
_LONGEST_LAST_WORD = 60
_LONGEST_SIGNATURE = 15  # lines below "--"
_LONGEST_BELOW_ROW = 8  # lines below a row of other marks, which may also part two sections

_DELIMITER = re.compile(r"\s*(?:--\s?|—|–)\s*$")
_ROW = re.compile(r"\s*(?:-{2,}|_{2,}|—{2,}|–{2,}|={3,}|\*{3,}|#{3,}|~{3,}|\+{3,})\s*$")
_DEVICE = re.compile(
    rf"[\s<(\[*_>\"]*(?:{SENT_FROM})(?:(?!\w)|(?<=[^\x00-\u04ff]))(?P<tail>.{{0,100}})$",
    re.IGNORECASE,
)
_EXCUSE = re.compile(
    r"^(?:[^,.;:!?]|\.(?=\S)){0,60}?(?:[,.!-]+\s*(?:please|pls|excuse|pardon|forgive|sorry|so|apolog|brevity|typos?|\Z|on the|via|entschuld|désolé|disculp).*)?[!.>)\]]*$",
    re.IGNORECASE,
)
_LINKED = re.compile(r"\]?[(<]*https?://\S*|<[^<>]*>")
_LAST_WORD = re.compile(
    r"(?:\bvia mobile|\bfrom mobile|on my mobile|gesendet|gönderildi|傳送|发送|送信|から送信|에서 보냄|küldve|<?sent by galaxy>*)\W*$",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(rf"\s*(?:{SIGN_OFF})\s*[,.!–-]*\W*$", re.IGNORECASE)
_BY_DASH = re.compile(r"[-–—/~][^\W\d_][\w.'’-]*(?: [^\W\d_][\w.'’-]*){0,2}$")
_CONTACT = re.compile(
    r"(?:^|[\s:<(#*|])(?:[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,60}|(?:https?://|www\.)\S+|\(?\+?\d[\d\s().\-/]{6,20}\d)(?=$|[\s>),;|])",
    re.IGNORECASE,
)
_BLANKS = "\v\f\r\x1c\x1d\x1e\x1f"
_SENTENCE = re.compile(r"[.?!;:,…]\s*$")


def signature_start(lines: list[str]) -> int:
    """The index at which the signature begins in `lines` of new text; `len(lines)` if there is none.

    What it cuts off always leaves some text; the fences of a code block hide what is within.
    """
    end = _used(lines, len(lines))
    devices = [i for i, line in enumerate(lines[:end]) if i and _may_be_device(line)]
    for find in (_delimited, devices, _signed_off, devices, _contact_block):
        at = find(lines, end) if callable(find) else _device(lines, end, find)
        found = _used(lines, at)
        if 0 < found < end:
            end = found
    return end if end else len(lines)


def _used(lines: list[str], end: int) -> int:
    """`end` without the blank lines, rows and delimiters just before it."""
    while end and (not lines[end - 1].strip("\u1427 \t\xa0") or _mark(lines[end - 1])):
        end -= 1
    return end


def _mark(line: str) -> bool:
    return len(line) <= _LONGEST_LINE and bool(_DELIMITER.match(line) or _ROW.match(line))


def _delimited(lines: list[str], end: int) -> int:
    """From the first delimiter that has little enough below it."""
    for i in range(max(1, end - _LONGEST_SIGNATURE - 1), end):
        line = lines[i]
        if len(line) > _LONGEST_LINE or not _mark(line) or _fenced(lines, i):
            continue
        limit = _LONGEST_SIGNATURE if _DELIMITER.match(line) else _LONGEST_BELOW_ROW
        if sum(1 for below in lines[i + 1 : end] if below.strip()) <= limit:
            return i
    return end


def _fenced(lines: list[str], at: int) -> bool:
    """Within ``` fences that are closed further below."""
    fences = [i for i, line in enumerate(lines[:2000]) if line.startswith("```")]
    return sum(1 for i in fences if i < at) % 2 == 1 and any(i > at for i in fences)


def _device(lines: list[str], end: int, candidates: list[int]) -> int:
    """From the last run of "Sent from my ..." lines: below them stand only more of them, or quoted mail."""
    for i in candidates:
        if (
            i < end
            and _is_device(lines[i])
            and (not lines[i - 1].strip() or i + 1 == end or _all_device(lines[i:end]))
        ):
            return _with_name(lines, i)
    return end


def _with_name(lines: list[str], at: int) -> int:
    """A name by itself, just above "via mobile"."""
    if at > 1 and not lines[at - 2].strip() and _is_name(lines[at - 1]):
        return at - 1
    return at


def _all_device(lines: list[str]) -> bool:
    return all(_is_device(line) for line in lines[:40] if line.strip())


def _may_be_device(line: str) -> bool:
    """Tell cheaply that `_is_device` will not hold: false for nearly all that people write."""
    if len(line) < 5:
        return False
    if not line.isascii() or "<" in line or "http" in line:
        return True
    if line.lstrip('([*_>" \t')[:3].lower() in SENT_STARTS or line[0] in _BLANKS:
        return True
    return len(line) <= _LONGEST_LAST_WORD and _may_end_sent(line.lower())


def _may_end_sent(lowered: str) -> bool:
    return any(end in lowered for end in SENT_ENDS)


def _is_device(line: str) -> bool:
    if not 5 <= len(line.strip()) <= 200:
        return False
    bare = _LINKED.sub("", line) if "<" in line or "http" in line else line
    if not 5 <= len(bare.strip()) <= _LONGEST_LINE:
        return "sent by" in line.lower() and "<<" in line
    if match := _DEVICE.match(bare):
        return _EXCUSE.match(match["tail"].strip()) is not None
    return len(bare) <= _LONGEST_LAST_WORD and _LAST_WORD.search(bare) is not None


def _signed_off(lines: list[str], end: int) -> int:
    """ "Best regards," with the name below, or "-Name" alone at the end. A blank line stands between
    only where more than the name follows it."""
    last = lines[end - 1].strip() if end else ""
    if len(last) <= 40 and end > 1 and not lines[end - 2].strip() and _BY_DASH.match(last):
        return end - 1
    for i in range(end - 2, max(0, end - 8), -1):
        apart = not lines[i + 1].strip()
        name = i + 2 if apart else i + 1
        if name + apart >= end or not lines[name].strip():
            return end
        if len(lines[i]) <= 60 and _SIGN_OFF.match(lines[i]):
            return i if _is_name(lines[name]) else end
    return end


def _is_name(line: str) -> bool:
    text = line.strip(" \t*_/\xa0")
    if not 0 < len(text) <= 40 or _SENTENCE.search(text.removesuffix(".")):
        return False
    return len(text.split()) <= 4 and not text[0].islower() and not text[0].isdigit()


def _contact_block(lines: list[str], end: int) -> int:
    """A last paragraph of a name with telephone, address or web site below."""
    start = end
    while start and lines[start - 1].strip() and end - start <= 8:
        start -= 1
    block = lines[start:end]
    if not start or not 2 <= len(block) <= 8 or any(len(line) > 70 for line in block):
        return end
    if _SENTENCE.search(block[0].removesuffix(".")) or field_like(block[0]):
        return end
    contacts = sum(1 for line in block[1:] if _CONTACT.search(line))
    return start if contacts >= 2 and len(block[0].split()) <= 6 else end


def field_like(line: str) -> bool:
    """ "Order: 12": a list of facts begins so, a name does not."""
    return ":" in line or bool(_CONTACT.search(line)) or line.lstrip()[:1] in "-*•"
