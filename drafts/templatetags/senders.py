"""How pages tell who a message is really from."""

from dataclasses import dataclass
from typing import Any

from django import template

from inboxes.findings import INFECTED, SPAM, UNSCANNED
from inboxes.models import Message

register = template.Library()


@dataclass(frozen=True, slots=True)
class Mark:
    """A tag: its tone ("good", "bad", "warn", ""), its words, and more on hover."""

    tone: str
    words: str
    more: str


@register.filter
def proof(message: Message) -> Mark | None:
    """One mark for what SPF, DKIM and DMARC say; None where nothing was evaluated."""
    found = message.authentication
    if not found or not message.is_inbound:
        return None
    if found.get("dmarc") == "pass" or (found.get("dmarc") == "none" and found.get("aligned")):
        return Mark("good", "sender confirmed", _how(found))
    if found.get("dmarc") == "fail":
        return Mark("bad", "sender not confirmed", _wish(found))
    if found.get("unsettled"):
        more = "The DNS did not answer when the message came. It will be asked again."
        return Mark("", "sender not checked yet", more)
    return Mark("", "sender unknown", "The domain publishes nothing that would prove its mail.")


@register.filter
def forgery_words(message: Message) -> str:
    """A sentence for mail that its alleged domain disowns; "" for other mail."""
    found = message.authentication
    if not message.is_inbound or found.get("dmarc") != "fail":
        return ""
    domain = _details(found, "dmarc").get("domain") or "its domain"
    return f"This may be forged: nothing proves that it comes from {domain}. {_wish(found)}"


def _how(found: dict[str, Any]) -> str:
    if _details(found, "dmarc").get("aligned_by") == "spf" or found.get("dkim") != "pass":
        return f"Sent by a server of {_details(found, 'spf').get('domain', 'its domain')}."
    signers = [one for one in found.get("details", {}).get("dkim", ()) if one["result"] == "pass"]
    return f"Signed by {signers[0]['domain']}." if signers else "Signed by its domain."


def _wish(found: dict[str, Any]) -> str:
    match _details(found, "dmarc").get("disposition"):
        case "reject":
            return "The domain asks that such mail be refused."
        case "quarantine":
            return "The domain asks that such mail be treated as suspicious."
    return "The domain asks for no measures."


def _details(found: dict[str, Any], name: str) -> dict[str, Any]:
    details: dict[str, Any] = found.get("details", {}).get(name) or {}
    return details


@register.filter
def checks(message: Message) -> list[tuple[str, str, str]]:
    """Each check for the details of a message: its name, its result, and what it was about."""
    found = message.authentication
    if not found or not message.is_inbound:
        return []
    spf, arc, dmarc = (_details(found, name) for name in ("spf", "arc", "dmarc"))
    rows = [("SPF", found.get("spf", ""), spf.get("domain") or spf.get("reason", ""))]
    rows += [
        ("DKIM", one["result"], f"{one['domain']} {one['reason']}".strip())
        for one in found.get("details", {}).get("dkim", ())
    ] or [("DKIM", found.get("dkim", ""), "")]
    rows.append(("DMARC", found.get("dmarc", ""), dmarc.get("domain") or dmarc.get("reason", "")))
    if found.get("arc") not in (None, "none"):
        rows.append(("ARC", found["arc"], ", ".join(arc.get("sealers", ()))))
    return rows


@register.filter
def scan_marks(message: Message) -> list[Mark]:
    """What the scanners have found."""
    known = {
        SPAM: Mark("warn", "spam", "It is in the Junk folder."),
        INFECTED: Mark("bad", "infected", "A virus was found. It is in the Junk folder."),
        UNSCANNED: Mark("", "not scanned", "A scanner was away, or the message was too large."),
    }
    return [known[label] for label in message.labels if label in known]


@register.filter
def own_labels(message: Message) -> list[str]:
    """The labels that no mark says already."""
    return [label for label in message.labels if label not in (SPAM, INFECTED, UNSCANNED)]


@register.filter
def is_infected(message: Message) -> bool:
    return INFECTED in message.labels
