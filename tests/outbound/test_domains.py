"""Domains against a DNS server whose zones change under way."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from events.errors import Invalid
from events.models import AuditEntry, Event
from inboxes.domains import DomainNotVerified, refuse_unverified_sender
from inboxes.models import Domain
from inboxes.opening import open_inbox
from inboxes.recipients import find_recipient
from outbound import domains
from outbound.domains import DomainInUse, DomainTaken, check, claim, verdicts_on
from outbound.models import DkimKey
from outbound.signing import signers_of
from outbound.tasks import check_domains
from tests.conftest import make_workspace
from tests.dns_server import SERVFAIL, SILENCE
from tests.outbound.published import published

NAME = "shop.example"


@pytest.fixture
def dns(zone, settings, monkeypatch):
    """The DNS of this installation, empty."""
    server = zone({})
    settings.DNS, settings.HOSTNAME = server.address, "mail.acme.example"
    settings.BASE_URL, settings.SPF = "https://desk.acme.example", "a:mail.acme.example"
    monkeypatch.setattr(domains, "PATIENCE", 0.3)
    return server


@pytest.fixture
def domain(dns, workspace) -> Domain:
    """A fresh claim; nothing is published."""
    return claim(workspace, NAME, by="test")[0]


@pytest.fixture
def verified(dns, domain) -> Domain:
    dns.records = published(domain)
    return check(domain, counted=True)


def statuses(domain: Domain) -> dict[str, str]:
    return {f"{v.record.purpose} {v.record.type}": v.status for v in verdicts_on(domain)}


def told() -> list[tuple[str, dict]]:
    events = Event.objects.filter(type__startswith="domain.").order_by("id")
    return [(event.type, event.payload) for event in events]


def enabled(domain: Domain) -> tuple[str, bool, bool]:
    return domain.status, domain.inbound_enabled, domain.outbound_enabled


def test_a_claim_has_keys_and_enables_nothing(domain):
    assert enabled(domain) == ("pending", False, False)
    assert {key.algorithm for key in domain.dkim_keys.all()} == {"rsa-sha256", "ed25519-sha256"}
    assert set(statuses(domain).values()) == {"pending"}


def test_all_records_published_verify_the_domain(verified):
    assert enabled(verified) == ("verified", True, True)
    assert set(statuses(verified).values()) == {"found"}
    ((event, facts),) = told()
    assert (event, facts["domain"], facts["lacking"]) == ("domain.verified", NAME, [])


def test_nothing_published_is_missing_everywhere(domain):
    checked = check(domain, counted=True)
    assert enabled(checked) == ("verifying", False, False)
    assert set(statuses(checked).values()) == {"missing"}
    assert told() == []


def test_mx_alone_enables_inbound_alone(dns, domain):
    dns.records = published(domain, "ownership", "mx")
    assert enabled(check(domain, counted=True)) == ("verifying", True, False)


def test_spf_and_dkim_enable_outbound_alone(dns, domain):
    dns.records = published(domain, "ownership", "spf", "dkim")
    assert enabled(check(domain, counted=True)) == ("verifying", False, True)


def test_without_proof_of_ownership_nothing_is_enabled(dns, domain):
    dns.records = published(domain)
    del dns.records[f"_mailagent.{NAME}", "TXT"]
    assert enabled(check(domain, counted=True)) == ("verifying", False, False)


def test_one_dkim_key_is_not_enough(dns, domain):
    dns.records = published(domain)
    del dns.records[f"ma1e._domainkey.{NAME}", "TXT"]
    assert enabled(check(domain, counted=True)) == ("verifying", True, False)


def test_dkim_behind_a_cname_is_found(dns, domain):
    dns.records = published(domain)
    moved = dns.records.pop((f"ma1r._domainkey.{NAME}", "TXT"))
    dns.records[f"ma1r._domainkey.{NAME}", "CNAME"] = ["keys.provider.test."]
    dns.records["keys.provider.test", "TXT"] = moved
    assert enabled(check(domain, counted=True)) == ("verified", True, True)


def test_an_answer_too_long_for_udp_is_asked_for_by_tcp(dns, domain):
    dns.records = published(domain)
    others = [f'"other-verification={number}-{"x" * 200}"' for number in range(10)]
    dns.records[NAME, "TXT"] = [*others, *dns.records[NAME, "TXT"]]
    assert enabled(check(domain, counted=True)) == ("verified", True, True)


def test_what_was_found_is_shown_beside_what_is_wanted(dns, domain):
    dns.records = published(domain)
    dns.records[NAME, "MX"] = ["5 mx.elsewhere.test."]
    dns.records[NAME, "TXT"] = ['"v=spf1 -all"', '"v=spf1 mx ~all"', '"unrelated"']
    by_purpose = {v.record.purpose: v for v in verdicts_on(check(domain, counted=True))}
    assert (by_purpose["mx"].status, by_purpose["mx"].found) == ("wrong", ["5 mx.elsewhere.test"])
    assert by_purpose["spf"].found == ["v=spf1 -all", "v=spf1 mx ~all"]


@pytest.mark.parametrize("fault", [SERVFAIL, SILENCE])
def test_a_dns_that_does_not_answer_changes_nothing(dns, verified, fault):
    dns.fault = fault
    for _ in range(domains.LOST_AFTER + 1):
        verified = check(verified, counted=True)
    assert enabled(verified) == ("verified", True, True)
    assert set(statuses(verified).values()) == {"found"}
    assert verified.failing_since is None


@pytest.mark.parametrize("fault", [SERVFAIL, SILENCE])
def test_a_fresh_claim_stays_pending_while_the_dns_does_not_answer(dns, domain, fault):
    dns.fault = fault
    assert set(statuses(check(domain, counted=True)).values()) == {"pending"}


def test_records_that_go_away_fail_the_domain_after_three_checks(dns, verified):
    del dns.records[NAME, "MX"]
    first = check(verified, counted=True)
    assert (enabled(first), first.failing_since is None) == (("verified", True, True), False)
    check(verified, counted=True)
    assert enabled(check(verified, counted=True)) == ("failed", False, True)
    event, facts = told()[-1]
    assert (event, facts["lacking"], facts["inbound_enabled"]) == ("domain.failed", ["mx"], False)


def test_checks_on_demand_do_not_count_towards_the_loss(dns, verified):
    dns.records = {}
    for _ in range(10):
        verified = check(verified, counted=False)
    assert enabled(verified) == ("verified", True, True)


def test_a_record_that_comes_back_in_time_is_forgiven(dns, verified):
    dns.records = {}
    check(verified, counted=True)
    dns.records = published(verified)
    restored = check(verified, counted=True)
    assert (restored.failing_since, restored.failed_checks) == (None, 0)


def test_a_failed_domain_is_verified_again(dns, verified):
    del dns.records[NAME, "MX"]
    for _ in range(domains.LOST_AFTER):
        check(verified, counted=True)
    dns.records = published(verified)
    assert enabled(check(verified, counted=True)) == ("verified", True, True)
    assert [event for event, _ in told()] == ["domain.verified", "domain.failed", "domain.verified"]


def test_the_challenge_may_be_taken_down_after_it_was_seen(dns, verified):
    del dns.records[f"_mailagent.{NAME}", "TXT"]
    for _ in range(domains.LOST_AFTER):
        verified = check(verified, counted=True)
    assert enabled(verified) == ("verified", True, True)


# --- Whose it is --------------------------------------------------------------------------------


def test_a_name_verified_elsewhere_cannot_be_claimed(verified, charlie):
    other = charlie.memberships.get().workspace
    with pytest.raises(DomainTaken):
        claim(other, NAME, by="charlie")


def test_claims_stand_side_by_side_until_one_is_proved(dns, domain, charlie):
    other, _ = claim(charlie.memberships.get().workspace, NAME, by="charlie")
    dns.records = published(domain)
    assert enabled(check(other, counted=True)) == ("verifying", False, False)
    assert enabled(check(domain, counted=True)) == ("verified", True, True)
    dns.records[f"_mailagent.{NAME}", "TXT"] += published(other)[f"_mailagent.{NAME}", "TXT"]
    with pytest.raises(DomainTaken):
        check(other, counted=True)


def test_a_name_that_lost_everything_may_be_proved_by_another(dns, verified, charlie):
    dns.records = {}
    for _ in range(domains.LOST_AFTER):
        verified = check(verified, counted=True)
    assert enabled(verified) == ("failed", False, False)
    other, _ = claim(charlie.memberships.get().workspace, NAME, by="charlie")
    dns.records = published(other)
    assert enabled(check(other, counted=True)) == ("verified", True, True)
    assert enabled(check(verified, counted=True)) == ("failed", False, False)


def test_challenges_differ_between_workspaces(domain, charlie):
    other, _ = claim(charlie.memberships.get().workspace, NAME, by="charlie")
    assert domains.plan_of(domain).ownership != domains.plan_of(other).ownership


def test_no_inbox_is_opened_on_a_name_that_is_only_claimed(domain, workspace):
    with pytest.raises(DomainNotVerified):
        open_inbox(workspace, domain, "support", by="test")


def test_mail_is_not_taken_by_way_of_another_workspace_s_claim(verified, charlie):
    workspace = verified.workspace
    open_inbox(workspace, verified, "support", by="test")
    assert find_recipient(f"support@{NAME}")
    Domain.objects.filter(pk=verified.pk).update(inbound_enabled=False, owned_at=None)
    Domain.objects.filter(pk=verified.pk).update(outbound_enabled=False)
    Domain.objects.create(
        workspace=charlie.memberships.get().workspace, name=NAME, inbound_enabled=True
    )
    assert find_recipient(f"support@{NAME}") is None


def test_a_name_of_this_machine_needs_no_dns(dns, workspace):
    local, _ = claim(workspace, "shop.localhost", by="test")
    assert enabled(check(local, counted=True)) == ("verified", True, True)
    assert (dns.asked, verdicts_on(local), local.next_check_at) == ([], [], None)


def test_what_an_admin_enabled_by_hand_is_left_alone(dns, db):
    _, domain = make_workspace("By hand", "hand.example")
    for _ in range(domains.LOST_AFTER + 1):
        domain = check(domain, counted=True)
    assert enabled(domain) == ("verified", True, True)
    assert statuses(domain)["mx MX"] == "missing"


def test_claiming_twice_is_once(workspace, domain):
    again, is_new = claim(workspace, "SHOP.example.", by="test")
    assert (again, is_new) == (domain, False)


def test_an_odd_name_is_refused(workspace, dns):
    with pytest.raises(Invalid, match="top-level"):
        claim(workspace, "com", by="test")


# --- Keys ---------------------------------------------------------------------------------------


def selectors(domain: Domain) -> list[str]:
    return [signer.selector for signer in signers_of(domain)]


def test_new_keys_sign_once_the_dns_shows_them(dns, verified):
    domains.rotate_keys(verified, by="test")
    assert selectors(check(verified, counted=True)) == ["ma1e", "ma1r"]
    assert statuses(verified)["dkim_next TXT"] == "pending"
    dns.records |= published(verified, "dkim_next")
    switched = check(verified, counted=True)
    assert selectors(switched) == ["ma2e", "ma2r"]
    assert enabled(switched) == ("verified", True, True)
    assert AuditEntry.objects.filter(action="domain.switch_dkim").count() == 1


def test_half_of_the_new_keys_does_not_sign(dns, verified):
    domains.rotate_keys(verified, by="test")
    coming = published(verified, "dkim_next")
    del coming[f"ma2e._domainkey.{NAME}", "TXT"]
    dns.records |= coming
    assert selectors(check(verified, counted=True)) == ["ma1e", "ma1r"]


def test_asking_for_new_keys_twice_is_once(verified):
    domains.rotate_keys(verified, by="test")
    domains.rotate_keys(verified, by="test")
    assert verified.dkim_keys.count() == 4


def test_old_keys_stay_listed_until_their_mail_has_been_read(dns, verified):
    domains.rotate_keys(verified, by="test")
    dns.records |= published(verified, "dkim_next")
    switched = check(verified, counted=True)
    assert "dkim_previous TXT" in statuses(switched)
    DkimKey.objects.filter(active=False).update(retired_at=timezone.now() - timedelta(days=8))
    assert "dkim_previous TXT" not in statuses(check(switched, counted=True))


# --- Giving up, and in the background -----------------------------------------------------------


def test_a_domain_with_inboxes_is_not_given_up(verified, workspace):
    open_inbox(workspace, verified, "support", by="test")
    with pytest.raises(DomainInUse):
        domains.give_up(verified, by="test")


def test_the_background_checks_what_is_due_and_comes_back(dns, domain):
    dns.records = published(domain)
    check_domains()
    domain.refresh_from_db()
    assert enabled(domain) == ("verified", True, True)
    assert domain.next_check_at > timezone.now() + timedelta(hours=23)
    asked = len(dns.asked)
    check_domains()
    assert len(dns.asked) == asked


def test_a_domain_that_fails_is_looked_at_more_often(dns, verified):
    dns.records = {}
    Domain.objects.update(next_check_at=timezone.now())
    check_domains()
    verified.refresh_from_db()
    assert verified.next_check_at < timezone.now() + timedelta(hours=7)


def test_the_command_says_what_is_lacking(dns, domain, capsys):
    dns.records = published(domain)
    del dns.records[NAME, "MX"]
    with pytest.raises(CommandError, match="1 of the domains"):
        call_command("verify_domains", NAME)
    assert "missing  mx" in capsys.readouterr().out
    dns.records = published(domain)
    call_command("verify_domains", NAME)
    assert f"{NAME}: verified" in capsys.readouterr().out


def test_an_inbox_on_the_installations_domain_takes_and_sends_mail(settings, workspace, charlie):
    shared = charlie.memberships.get().workspace.domains.get()
    settings.DEFAULT_DOMAIN = shared.name
    inbox = open_inbox(workspace, shared, "acme", by="test").inbox
    assert find_recipient(inbox.email)
    refuse_unverified_sender(inbox)


def test_the_admin_pages_show_each_record_beside_what_was_found(verified, admin_client):
    page = admin_client.get(f"/admin/inboxes/domain/{verified.pk}/change/").content.decode()
    assert f"ma1r._domainkey.{NAME}" in page
    assert page.count("<td>found") == len(verdicts_on(verified))
