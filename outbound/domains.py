"""Domains of ours: claimed, verified against the DNS, watched, given up, their keys changed.

Whoever publishes the ownership record holds the name; until then any workspace may claim it. Mail
is taken where the MX names us, and sent where SPF and DKIM do. What the DNS does not say (SERVFAIL,
no answer) changes nothing; what it says is gone counts after `LOST_AFTER` checks.
"""

import hmac
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Workspace
from events import audit
from events.errors import Conflict, Invalid
from events.log import emit
from events.models import EventType
from events.secrecy import derived_key
from inboxes.models import Address, Domain
from outbound import dns_lookup
from outbound.dns_records import (
    Answers,
    KeyPurpose,
    Plan,
    SigningKey,
    Verdict,
    compare,
    questions_of,
)
from outbound.domain_names import domain_name, is_local
from outbound.models import DkimKey
from outbound.signing import new_domain_keys

logger = logging.getLogger(__name__)
Status = Domain.Status

LOST_AFTER = 3  # checks that find a record gone, before what it enabled is switched off
PATIENCE = 5.0  # seconds for one question
DAILY = timedelta(days=1)
WHEN_FAILING = timedelta(hours=6)
WHEN_NEW = timedelta(minutes=10)
NEW_FOR = timedelta(days=3)
CHECK_TAKES = timedelta(minutes=15)  # at most: then another worker may take it up
# Mail signed with an old key may be under way as long as it is tried, and is read later.
RETIRED_KEPT = timedelta(days=7)
SYSTEM = "system"
_CHECKED = (
    *("status", "inbound_enabled", "outbound_enabled", "owned_at", "dns_answers"),
    *("checked_at", "next_check_at", "failing_since", "failed_checks"),
)


class DomainTaken(Conflict):
    """Another workspace has proved that it owns the name."""

    code = "DOMAIN_TAKEN"


class DomainInUse(Conflict):
    code = "DOMAIN_IN_USE"


# --- What to publish ----------------------------------------------------------------------------


def plan_of(domain: Domain) -> Plan:
    """What the domain's records follow from, as settings and keys are now."""
    hostname = settings.HOSTNAME.lower()
    return Plan(
        domain=domain.name,
        hostname=hostname,
        web_host=(urlsplit(settings.BASE_URL).hostname or hostname).lower(),
        spf=settings.SPF.lower(),
        ownership=_challenge(domain),
        keys=tuple(_published(key) for key in sorted(domain.dkim_keys.all(), key=_age)),
    )


def _age(key: DkimKey) -> int:
    return key.pk


def _challenge(domain: Domain) -> str:
    """The same for every claim of that name by that workspace; nobody else can guess it."""
    claim = f"{domain.workspace_id} {domain.name}".encode()
    return hmac.digest(derived_key("domain ownership"), claim, "sha256").hex()[:40]


def _published(key: DkimKey) -> SigningKey:
    later: KeyPurpose = "dkim_next" if key.retired_at is None else "dkim_previous"
    return SigningKey(key.selector, key.public_record, "dkim" if key.active else later)


def verdicts_on(domain: Domain) -> list[Verdict]:
    """Each record to publish beside what the DNS last said; none for a name of this machine."""
    if is_local(domain.name):
        return []
    return compare(plan_of(domain), _answers_of(domain))


def _answers_of(domain: Domain) -> Answers:
    answers: Answers = {}
    for question, values in domain.dns_answers.items():
        record_type, _, name = question.partition(" ")
        answers[record_type, name] = tuple(values)
    return answers


# --- Claiming and giving up ---------------------------------------------------------------------


@transaction.atomic
def claim(workspace: Workspace, text: str, *, by: str) -> tuple[Domain, bool]:
    """Claim a name for `workspace`; True when it is new. Its keys are made with it.

    A name under `.localhost` needs no DNS: first come, first served. Raises Invalid, DomainTaken.
    """
    try:
        name = domain_name(text, hostname=settings.HOSTNAME)
    except ValueError as error:
        raise Invalid.field("domain", str(error)) from error
    if existing := workspace.domains.filter(name=name).first():
        return existing, False
    _refuse_taken(name, workspace)
    local = is_local(name)
    try:
        with transaction.atomic():
            domain = Domain.objects.create(
                workspace=workspace,
                name=name,
                status=Status.VERIFIED if local else Status.PENDING,
                inbound_enabled=local,
                outbound_enabled=local,
                next_check_at=None if local else timezone.now(),
            )
    except IntegrityError:  # Somebody claimed it a moment ago: one of us, or another workspace.
        if existing := workspace.domains.filter(name=name).first():
            return existing, False
        raise _taken(name) from None
    new_domain_keys(domain)
    _record(domain, by, "domain.add", name=name)
    return domain, True


def _refuse_taken(name: str, workspace: Workspace) -> None:
    if Domain.objects.held().filter(name=name).exclude(workspace=workspace).exists():
        raise _taken(name)


def _taken(name: str) -> DomainTaken:
    return DomainTaken(f"{name} is verified in another workspace.", domain=name)


@transaction.atomic
def give_up(domain: Domain, *, by: str) -> None:
    """Delete a domain with its keys. Raises DomainInUse while an inbox or an address lives on it,
    one that was deleted and may come back included."""
    locked = Domain.objects.select_for_update().filter(pk=domain.pk).first()
    if locked is None:
        return
    addresses = Address.objects.filter(
        address__endswith=f"@{locked.name}", inbox__workspace=locked.workspace_id
    )
    if locked.inboxes.exists() or addresses.exists():
        raise DomainInUse(f"{locked.name} has inboxes; delete them first.", domain=locked.name)
    locked.delete()
    _record(domain, by, "domain.delete", name=domain.name)


# --- Keys ---------------------------------------------------------------------------------------


@transaction.atomic
def rotate_keys(domain: Domain, *, by: str) -> None:
    """Make the keys to follow, under new selectors. A later check that finds them published has
    them sign; the old ones stay published until their mail has been read. Twice is once."""
    Domain.objects.select_for_update().get(pk=domain.pk)
    keys = list(domain.dkim_keys.all())
    if any(not key.active and key.retired_at is None for key in keys):
        return
    generation = max((_generation(key) for key in keys), default=0) + 1
    local = is_local(domain.name)  # nothing to wait for
    made = new_domain_keys(domain, generation=generation, active=not keys)
    selectors = [key.selector for key in made]
    _record(domain, by, "domain.rotate_dkim", selectors=selectors)
    if local and keys:
        _switch_keys(domain, timezone.now())


def _generation(key: DkimKey) -> int:
    digits = "".join(letter for letter in key.selector if letter.isdigit())
    return int(digits or 1)


def _switch_keys(domain: Domain, now: datetime) -> None:
    """The keys to follow sign from now on."""
    domain.dkim_keys.filter(active=True).update(active=False, retired_at=now)
    coming = domain.dkim_keys.filter(active=False, retired_at=None)
    selectors = list(coming.values_list("selector", flat=True))
    coming.update(active=True)
    _record(domain, SYSTEM, "domain.switch_dkim", selectors=selectors)


# --- Checking -----------------------------------------------------------------------------------


def check(domain: Domain, *, counted: bool) -> Domain:
    """Ask the DNS, and take over what it says: `domain` as it is now.

    `counted`: what is gone counts towards its loss; asking twice in a minute on demand does not.
    Raises DomainTaken where the proof comes too late.
    """
    if is_local(domain.name):
        Domain.objects.filter(pk=domain.pk).update(next_check_at=None)
        return domain
    started = timezone.now()
    if not domain.dkim_keys.exists():
        rotate_keys(domain, by=SYSTEM)  # made at /admin/ by hand: these are its first
    resolver = dns_lookup.resolver_at(settings.DNS, lifetime=PATIENCE, remember=False)
    answers = dns_lookup.ask_all(resolver, questions_of(plan_of(domain)))
    try:
        return _take_over(domain, answers, started, counted=counted)
    except IntegrityError:  # Another workspace's proof was taken over a moment ago.
        raise _taken(domain.name) from None


@transaction.atomic
def _take_over(domain: Domain, answers: Answers, started: datetime, *, counted: bool) -> Domain:
    """One transaction: answers, keys, what is enabled, and who is told."""
    present = Domain.objects.select_for_update().filter(pk=domain.pk).first()
    if present is None or (present.checked_at and present.checked_at > started):
        return present or domain  # deleted, or a later check has been quicker
    known = {f"{kind} {name}": list(said) for (kind, name), said in answers.items() if said}
    gone: dict[str, list[str]] = {
        f"{kind} {name}": [] for (kind, name), said in answers.items() if said == ()
    }
    asked = {f"{kind} {name}" for kind, name in answers}
    kept = {name: said for name, said in present.dns_answers.items() if name in asked}
    present.dns_answers = {**kept, **known, **gone}
    present.checked_at = started
    _follow_keys(present, started)
    _judge(present, started, counted=counted)
    present.next_check_at = started + _check_again_after(present)
    present.save(update_fields=_CHECKED)
    return present


def _follow_keys(domain: Domain, now: datetime) -> None:
    """Switch to keys that are published; forget those whose mail has long been read."""
    domain.dkim_keys.filter(retired_at__lt=now - RETIRED_KEPT).delete()
    coming = [each for each in verdicts_on(domain) if each.record.purpose == "dkim_next"]
    if coming and all(each.status == "found" for each in coming):
        _switch_keys(domain, now)


def _judge(domain: Domain, now: datetime, *, counted: bool) -> None:
    verdicts = verdicts_on(domain)
    if domain.owned_at is None and _all_found(verdicts, "ownership"):
        _refuse_taken(domain.name, domain.workspace)
        domain.owned_at = now
    before = (domain.inbound_enabled, domain.outbound_enabled)
    if domain.owned_at is not None:
        _enable(domain, verdicts, now, counted=counted)
    after = (domain.inbound_enabled, domain.outbound_enabled)
    lost = any(was and not is_now for was, is_now in zip(before, after, strict=True))
    domain.status = _status_of(domain, after, lost=lost)
    if lost and not any(after):
        domain.owned_at = None  # Whoever has the name now may prove it.
    if lost:
        _tell(domain, EventType.DOMAIN_FAILED, verdicts)
    if any(is_now and not was for was, is_now in zip(before, after, strict=True)):
        _tell(domain, EventType.DOMAIN_VERIFIED, verdicts)


def _enable(domain: Domain, verdicts: Iterable[Verdict], now: datetime, *, counted: bool) -> None:
    """Switch on what is published; switch off what has been gone for long enough."""
    wanted = {"inbound_enabled": ("mx",), "outbound_enabled": ("spf", "dkim")}
    published = [name for name, records in wanted.items() if _all_found(verdicts, *records)]
    gone = [
        name
        for name, records in wanted.items()
        if getattr(domain, name) and _some_gone(verdicts, *records)
    ]
    for name in published:
        setattr(domain, name, True)
    if not gone:
        domain.failing_since, domain.failed_checks = None, 0
        return
    if counted or domain.failing_since is None:
        domain.failing_since = domain.failing_since or now
        domain.failed_checks += 1
    if domain.failed_checks >= LOST_AFTER:
        for name in gone:
            setattr(domain, name, False)
        domain.failing_since, domain.failed_checks = None, 0


def _all_found(verdicts: Iterable[Verdict], *purposes: str) -> bool:
    """Every record of these purposes is there; one that was never told of is not."""
    concerned = [each for each in verdicts if each.record.purpose in purposes]
    return bool(concerned) and all(each.status == "found" for each in concerned)


def _some_gone(verdicts: Iterable[Verdict], *purposes: str) -> bool:
    """The DNS has said that one of them is not there, or not as it must be."""
    concerned = [each for each in verdicts if each.record.purpose in purposes]
    return any(each.status in ("missing", "wrong") for each in concerned)


def _status_of(domain: Domain, enabled: tuple[bool, bool], *, lost: bool) -> Domain.Status:
    if all(enabled):
        return Status.VERIFIED
    if lost or domain.status == Status.FAILED:
        return Status.FAILED
    return Status.VERIFYING


def _check_again_after(domain: Domain) -> timedelta:
    if domain.failing_since or domain.status == Status.FAILED:
        return WHEN_FAILING
    is_new = timezone.now() - domain.created_at < NEW_FOR
    return WHEN_NEW if domain.status == Status.VERIFYING and is_new else DAILY


def _tell(domain: Domain, event: EventType, verdicts: Iterable[Verdict]) -> None:
    lacking = [each.record.purpose for each in verdicts if each.status != "found"]
    facts = {
        "domain": domain.name,
        "status": str(domain.status),
        "inbound_enabled": domain.inbound_enabled,
        "outbound_enabled": domain.outbound_enabled,
        "lacking": list(dict.fromkeys(lacking)),
    }
    emit(event, workspace_id=domain.workspace_id, payload=facts)
    _record(domain, SYSTEM, event.value, **facts)


def _record(about: Domain, by: str, action: str, **details: object) -> None:
    audit.record(
        about.workspace_id,
        actor=by,
        action=action,
        subject=f"domain:{about.pk}",
        details=details,
    )


# --- In the background --------------------------------------------------------------------------


def check_next_due() -> bool:
    """Check the domain that has waited longest. False: none is due."""
    domain = _take_due()
    if domain is None:
        return False
    try:
        check(domain, counted=True)
    except DomainTaken:
        logger.info("domain %s: another workspace holds the name", domain.pk)
    return True


@transaction.atomic
def _take_due() -> Domain | None:
    now = timezone.now()
    due = Domain.objects.filter(next_check_at__lte=now).order_by("next_check_at")
    domain = due.select_for_update(skip_locked=True).first()
    if domain is not None:
        domain.next_check_at = now + CHECK_TAKES
        domain.save(update_fields=["next_check_at"])
    return domain
