"""The records a domain publishes so that its mail comes to us and is believed where we send it, and
how they compare with what the DNS says. RFC 5321 §5, 7208 (SPF), 6376 (DKIM), 7489 (DMARC)."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

RecordType = Literal["MX", "TXT", "CNAME", "A", "AAAA"]
KeyPurpose = Literal["dkim", "dkim_next", "dkim_previous"]
Purpose = KeyPurpose | Literal["ownership", "mx", "spf", "dmarc", "return_path", "tracking"]
Status = Literal["pending", "found", "missing", "wrong"]
Question = tuple[str, str]  # the type, the name
Values = tuple[str, ...]
# None: the DNS did not say (SERVFAIL, no answer), which is not the same as nothing: ().
Answers = dict[Question, Values | None]

PRIORITY = 10
OWNERSHIP = "mailagent-verification="
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The public half of a DKIM key: signing now, to follow, or of messages under way."""

    selector: str
    record: str
    purpose: KeyPurpose = "dkim"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a domain's records follow from: names in A-labels, lower case.

    `hostname` takes the domain's mail, `web_host` the clicks on its links.
    """

    domain: str
    hostname: str
    web_host: str
    spf: str  # the terms that permit our servers: "a:mail.acme.com"
    ownership: str
    keys: tuple[SigningKey, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish. `name` is whole, `host` is relative to the domain (`@`: itself)."""

    purpose: Purpose
    type: RecordType
    name: str
    host: str
    value: str
    priority: int | None = None

    @property
    def question(self) -> Question:
        return self.type, self.name


@dataclass(frozen=True, slots=True)
class Verdict:
    """`found`: what stands in its place; None while the DNS has never told."""

    record: Record
    status: Status
    found: list[str] | None


def records_of(plan: Plan) -> list[Record]:
    """Everything to publish, in the order in which people set it up."""

    def record(
        purpose: Purpose, kind: RecordType, host: str, value: str, priority: int | None = None
    ) -> Record:
        name = plan.domain if host == "@" else f"{host}.{plan.domain}"
        return Record(purpose, kind, name, host, value, priority)

    return [
        record("ownership", "TXT", "_mailagent", f"{OWNERSHIP}{plan.ownership}"),
        record("mx", "MX", "@", plan.hostname, PRIORITY),
        record("spf", "TXT", "@", f"v=spf1 {plan.spf} ~all"),
        *(
            record(key.purpose, "TXT", f"{key.selector}._domainkey", key.record)
            for key in plan.keys
        ),
        record("dmarc", "TXT", "_dmarc", "v=DMARC1; p=none"),
        record("return_path", "MX", "bounce", plan.hostname, PRIORITY),
        record("return_path", "TXT", "bounce", f"v=spf1 {plan.spf} -all"),
        record("tracking", _address_type(plan.web_host), "track", plan.web_host),
    ]


def _address_type(host: str) -> RecordType:
    """How a name points at `host`: by CNAME, or where that is an address by A or AAAA."""
    try:
        return "A" if ipaddress.ip_address(host).version == 4 else "AAAA"
    except ValueError:
        return "CNAME"


def questions_of(plan: Plan) -> set[Question]:
    """All that must be asked so that `compare` can tell."""
    asked = {record.question for record in records_of(plan)}
    track = f"track.{plan.domain}"
    asked |= {("A", plan.hostname), ("AAAA", plan.hostname), ("A", track), ("AAAA", track)}
    if _address_type(plan.web_host) == "CNAME":
        asked |= {("A", plan.web_host), ("AAAA", plan.web_host)}
    return asked


def compare(plan: Plan, answers: Mapping[Question, Values | None]) -> list[Verdict]:
    """Each record with what is published in its place."""
    return [_compared(plan, record, answers) for record in records_of(plan)]


def _compared(plan: Plan, record: Record, answers: Mapping[Question, Values | None]) -> Verdict:
    told = answers.get(record.question)
    if record.purpose == "tracking":
        told = _where_it_points(record, told, answers)
    if told is None:
        return Verdict(record, "pending", None)
    concerned = [value for value in told if _concerns(record, value)]
    shown = concerned[:_SHOWN]
    if not concerned:
        return Verdict(record, "missing", shown)
    fits = _fits(plan, record, concerned, answers)
    return Verdict(record, "found" if fits else "wrong", shown)


def _concerns(record: Record, value: str) -> bool:
    """A name holds other people's TXT records beside ours: only these are of this kind."""
    lowered = value.lower()
    if record.purpose == "ownership":
        return lowered.startswith(OWNERSHIP)
    if record.purpose == "dmarc":
        return _tags(value).get("v") == "DMARC1"
    if record.value.startswith("v=spf1"):
        return lowered == "v=spf1" or lowered.startswith("v=spf1 ")  # RFC 7208 §4.5
    return True


def _fits(
    plan: Plan, record: Record, found: Sequence[str], answers: Mapping[Question, Values | None]
) -> bool:
    if record.type == "MX":
        return _is_best(record.value, found)
    if record.purpose == "ownership":
        return record.value in found
    if record.purpose == "tracking":
        return _reaches(record, found, answers)
    if len(found) > 1:  # RFC 7208 §4.5, RFC 6376 §3.6.2.2, RFC 7489 §6.6.3: none of them counts
        return False
    if record.purpose == "dmarc":
        return _tags(found[0]).get("p", "").lower() in ("none", "quarantine", "reject")
    if record.purpose in ("spf", "return_path"):
        return _spf_permits(plan, record, found[0], answers)
    return _same_key(record.value, found[0])


def _is_best(host: str, exchanges: Iterable[str]) -> bool:
    """No other host is tried before ours (RFC 5321 §5.1)."""
    ranked = [(int(each.split()[0]), each.split()[1]) for each in exchanges]
    best = min(preference for preference, _ in ranked)
    return (best, host) in ranked


def _tags(record: str) -> dict[str, str]:
    """A tag=value list (RFC 6376 §3.2); later ones of a name do not count."""
    tags: dict[str, str] = {}
    for part in record.split(";"):
        name, is_tag, value = part.partition("=")
        if is_tag:
            tags.setdefault(name.strip().lower(), "".join(value.split()))
    return tags


def _same_key(wanted: str, found: str) -> bool:
    """The same public key, fit for what we sign with it. An empty `p` is a revoked one."""
    ours, theirs = _tags(wanted), _tags(found)
    hashes, services = theirs.get("h", "sha256"), theirs.get("s", "*")
    return (
        theirs.get("v", "DKIM1") == "DKIM1"
        and theirs.get("k", "rsa") == ours.get("k", "rsa")
        and theirs.get("p") == ours["p"]
        and "sha256" in hashes.split(":")
        and not {"*", "email"}.isdisjoint(services.split(":"))
    )


def _spf_permits(
    plan: Plan, record: Record, found: str, answers: Mapping[Question, Values | None]
) -> bool:
    """True where our servers pass: by the wanted terms, or by one that names the same machine.

    Nothing is followed into other people's records (`include:`, `redirect=`).
    """
    passing = list(_passing_terms(found))
    if set(plan.spf.split()) <= set(passing):
        return True
    if plan.spf != f"a:{plan.hostname}":
        return False
    exchanges = answers.get(("MX", record.name)) or ()
    if "mx" in passing and any(each.split()[1] == plan.hostname for each in exchanges):
        return True
    machine = _addresses(plan.hostname, answers)
    return bool(machine) and all(_is_named(address, passing) for address in machine)


def _passing_terms(spf: str) -> Iterable[str]:
    """The mechanisms with the result pass; what follows `all` is never reached."""
    for term in spf.lower().split()[1:]:
        if term.lstrip("+-~?") == "all":
            return
        if term[0] not in "-~?":
            yield term.removeprefix("+")


def _is_named(address: str, terms: Iterable[str]) -> bool:
    wanted = ipaddress.ip_address(address)
    for term in terms:
        kind, _, network = term.partition(":")
        if kind != f"ip{wanted.version}":
            continue
        try:
            if wanted in ipaddress.ip_network(network, strict=False):
                return True
        except ValueError:
            continue
    return False


def _addresses(host: str, answers: Mapping[Question, Values | None]) -> set[str]:
    return {address for kind in ("A", "AAAA") for address in answers.get((kind, host)) or ()}


def _where_it_points(
    record: Record, told: Values | None, answers: Mapping[Question, Values | None]
) -> Values | None:
    """The CNAME; where there is none, the addresses."""
    if told is None or told or record.type != "CNAME":
        return told
    return tuple(sorted(_addresses(record.name, answers)))


def _reaches(
    record: Record, found: Sequence[str], answers: Mapping[Question, Values | None]
) -> bool:
    """It points at the host, or has addresses of that host and no others."""
    if record.value in found:
        return len(found) == 1
    ours = _addresses(record.value, answers)
    return bool(ours) and set(found) <= ours


# --- Zone file ----------------------------------------------------------------------------------

_STRING = 255  # octets in one <character-string> (RFC 1035 §3.3)
_TTL = 3600


def zone_file(plan: Plan) -> str:
    """The records in the form of RFC 1035 §5, to be included in a zone of BIND."""
    lines = [f"$ORIGIN {plan.domain}.", f"$TTL {_TTL}"]
    for record in records_of(plan):
        lines.append(f"{record.host}\tIN\t{record.type}\t{_printed(record)}\t; {record.purpose}")
    return "\n".join(lines) + "\n"


def _printed(record: Record) -> str:
    if record.type == "TXT":
        text = record.value.replace("\\", "\\\\").replace('"', '\\"')
        parts = [text[start : start + _STRING] for start in range(0, len(text), _STRING)]
        return " ".join(f'"{part}"' for part in parts)
    if record.type == "MX":
        return f"{record.priority} {record.value}."
    return f"{record.value}." if record.type == "CNAME" else record.value
