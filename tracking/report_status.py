"""RFC 3464: what the fields of a delivery status say of each recipient."""

import re
from collections.abc import Iterable

from tracking import report_automatic
from tracking.report_classes import (
    class_of,
    class_of_words,
    kind_of,
    of_later_phase,
    reply_code_in,
    status_in,
)
from tracking.report_frame import GRAVEST_FIRST, Frame, addresses_of, gravest
from tracking.report_parts import Fields, field_groups
from tracking.reports import (
    HARD_CLASSES,
    RECIPIENTS_LIMIT,
    WORDS_LIMIT,
    Class,
    Kind,
    Report,
    Verdict,
)

_ACTIONS = {
    "delayed": Kind.DELAYED,
    "delivered": Kind.DELIVERED,
    "relayed": Kind.DELIVERED,
    "expanded": Kind.DELIVERED,
}
_OF_A_RECIPIENT = ("action", "diagnostic-code")
_FIRST_WORDS = 300
_MILDER = (Class.MAILBOX_FULL,)


def status_report(frame: Frame) -> Report | None:
    """RFC 3464: fields in a part of their own, or in the text where the part got lost."""
    groups: Iterable[Fields] = frame.taken.status
    verdicts = _verdicts(frame, groups)
    if not verdicts and (frame.robot or frame.automatic):
        verdicts = _verdicts(frame, field_groups(frame.taken.notice))
    if not verdicts:
        return None
    if all(_asks_to_confirm(verdict) for verdict in verdicts):
        return frame.report(Kind.CHALLENGE)
    return frame.report(gravest(verdicts), verdicts)


def _asks_to_confirm(verdict: Verdict) -> bool:
    return verdict.kind is Kind.SOFT and report_automatic.is_unconfirmed(verdict.words)


def _verdicts(frame: Frame, groups: Iterable[Fields]) -> list[Verdict]:
    found: dict[str, Verdict] = {}
    for fields in _of_recipients(groups):
        verdict = _verdict(frame, fields)
        if verdict is None:
            continue
        key = verdict.address.lower()
        known = found.get(key)
        if known is None or _graver(verdict.kind, known.kind):
            found[key] = verdict
        if len(found) >= RECIPIENTS_LIMIT:
            break
    return list(found.values())


def _graver(one: Kind, other: Kind) -> bool:
    return GRAVEST_FIRST.index(one) < GRAVEST_FIRST.index(other)


def _of_recipients(groups: Iterable[Fields]) -> list[Fields]:
    """The groups that name a recipient; one that a stray blank line cut in two is joined."""
    found: list[Fields] = []
    for fields in groups:
        if any(name in fields for name in ("final-recipient", "original-recipient")):
            found.append(dict(fields))
        elif found and any(n in fields and n not in found[-1] for n in _OF_A_RECIPIENT):
            found[-1] = fields | found[-1]
    return found


def _verdict(frame: Frame, fields: Fields) -> Verdict | None:
    final = _recipient(fields.get("final-recipient", ""))
    original = _recipient(fields.get("original-recipient", ""))
    actual = _recipient(fields.get("x-actual-recipient", ""))
    address = next((each for each in (final, original, actual) if "@" in each), final or original)
    if "@" not in address:
        told = addresses_of(frame.header.first("x-failed-recipients"))
        address = told[0] if len(told) == 1 else address
    if not address:
        return None
    action = re.split(r"[^a-z]", fields.get("action", "").lower().strip(), maxsplit=1)[0]
    diagnostic = _diagnostic(fields)
    status = status_in(fields.get("status", ""))
    status = _telling(status, status_in(diagnostic))
    kind = _ACTIONS.get(action)
    if kind is None and status.startswith("2") and not action.startswith("fail"):
        kind = Kind.DELIVERED
    why = _why(frame, address, diagnostic, status)
    if kind is None:
        kind = kind_of(why, temporary=status.startswith("4"))
        if not action and not status and not diagnostic:
            return None
    return Verdict(
        address=address,
        kind=kind,
        why=why,
        status=status,
        reply_code=reply_code_in(diagnostic),
        words=(diagnostic or frame.taken.notice.strip())[:WORDS_LIMIT],
        original=original if "@" in original and original.lower() != address.lower() else "",
        remote_mta=fields.get("remote-mta", "").partition(";")[2].strip()[:255],
    )


def _telling(field_status: str, said: str) -> str:
    """The field's code, unless that is a general one and the server's words have a better."""
    if said and (not field_status or field_status.endswith((".0.0", ".0"))):
        return said
    return field_status


def _diagnostic(fields: Fields) -> str:
    kind, separator, words = fields.get("diagnostic-code", "").partition(";")
    if not separator or " " in kind.strip():
        return fields.get("diagnostic-code", "").strip()
    return words.strip()


def _why(frame: Frame, address: str, diagnostic: str, status: str) -> Class:
    why = class_of(diagnostic, status)
    if why in HARD_CLASSES and class_of_words(frame.taken.notice[:_FIRST_WORDS]) in _MILDER:
        return Class.MAILBOX_FULL  # the two contradict each other: the milder is believed
    if why in HARD_CLASSES and not status.startswith("5.1.") and _later(frame, address):
        return Class.OTHER
    if why not in (Class.OTHER, Class.SYSTEM, Class.POLICY, Class.SPAM) or class_of_words(
        diagnostic
    ):
        return why
    found = class_of(_said_of(frame, address), status)
    if found is not Class.OTHER:
        return found
    words = class_of_words(frame.taken.notice)
    return words if words and why is Class.OTHER else why


def _later(frame: Frame, address: str) -> bool:
    return of_later_phase(_said_of(frame, address))


def _said_of(frame: Frame, address: str) -> str:
    """What the notice says of a recipient."""
    named = frame.named.get(address.lower())
    return named.words if named else ""


def _recipient(value: str) -> str:
    """The address of a recipient field: "rfc822; ann@example.com", bare, or in brackets."""
    kind, separator, rest = value.partition(";")
    text = rest if separator and "@" not in kind else value
    text = re.sub(r"^\s*rfc822\s*;", "", text, flags=re.IGNORECASE).strip()
    text = re.sub(r"\s*\((?:[^()]*)\)\s*$", "", text)
    text = text.strip().strip("<>").strip().strip("\"'").removeprefix("smtp:").removeprefix("SMTP:")
    found = re.search(r"<([^<>\s]{1,320})>", text)
    text = found[1] if found else text
    return "" if " " in text or not text else text[:320].rstrip(".")
