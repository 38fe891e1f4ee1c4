"""Names before the @ that mean the same on every domain."""

import pytest

from inboxes.closing import close_inbox
from inboxes.opening import open_inbox
from inboxes.own_addresses import add_address
from inboxes.recipients import find_recipient
from tests.api.conftest import Client
from tests.api.test_opening import presented
from tests.api.test_tenants import refusal
from tests.conftest import make_workspace


@pytest.fixture
def own(workspace) -> Client:
    return Client(presented("wk", workspace))


def test_nobody_opens_an_inbox_where_bounces_come_back_to(own):
    response = own.post("/v1/inboxes", {"username": "bounce"})
    assert refusal(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["details"]) == ["username"]


@pytest.mark.parametrize("address", ["bounce@acme.example", "Bounce+x@ACME.example"])
def test_nobody_adds_an_address_where_bounces_come_back_to(client, inbox, address):
    response = client.post(f"/v1/inboxes/{inbox.pk}/addresses", {"address": address})
    assert (refusal(response)[0], list(response.json()["details"])) == (400, ["address"])


@pytest.mark.parametrize("name", ["postmaster", "abuse", "admin", "hostmaster", "webmaster"])
def test_who_runs_a_domain_is_not_for_a_guest_on_it(own, inbox, strange_inbox, settings, name):
    settings.DEFAULT_DOMAIN = strange_inbox.domain.name
    as_guest = own.post("/v1/inboxes", {"username": name})
    assert list(as_guest.json()["details"]) == ["username"]
    address = f"{name}@{strange_inbox.domain.name}"
    as_alias = own.post(f"/v1/inboxes/{inbox.pk}/addresses", {"address": address})
    assert list(as_alias.json()["details"]) == ["address"]
    at_home = own.post("/v1/inboxes", {"username": name, "domain": "acme.example"})
    assert at_home.status_code == 201


@pytest.mark.parametrize("local", ["postmaster", "PostMaster", "abuse", "abuse+report"])
def test_postmaster_and_abuse_reach_the_first_inbox_of_a_domain(workspace, inbox, local):
    open_inbox(workspace, inbox.domain, "sales", by="test")
    found = find_recipient(f"{local}@acme.example")
    assert found is not None and found.inbox_id == inbox.pk


def test_an_inbox_of_that_name_has_its_mail(workspace, inbox):
    add_address(inbox, "abuse@acme.example", is_primary=False, by="test")
    own = open_inbox(workspace, inbox.domain, "postmaster", by="test").inbox
    for name, home in (("postmaster", own), ("abuse", inbox)):
        found = find_recipient(f"{name}@acme.example")
        assert found is not None and found.inbox_id == home.pk


def test_a_guest_gets_no_mail_for_the_postmaster(workspace, inbox, charlie, settings):
    shared = charlie.memberships.get().workspace.domains.get()
    settings.DEFAULT_DOMAIN = shared.name
    open_inbox(workspace, shared, "guest", by="test")
    assert find_recipient(f"postmaster@{shared.name}") is None


def test_a_postmaster_without_a_domain_is_the_installation_s(inbox, strange_inbox, settings):
    first = find_recipient("postmaster")
    assert first is not None and first.inbox_id == inbox.pk
    settings.DEFAULT_DOMAIN = strange_inbox.domain.name
    shared = find_recipient("Postmaster")
    assert shared is not None and shared.inbox_id == strange_inbox.pk


@pytest.mark.parametrize("rcpt_to", ["postmaster@nowhere.example", "root@acme.example", "abuse@"])
def test_other_names_and_other_domains_reach_nobody(inbox, rcpt_to):
    assert find_recipient(rcpt_to) is None


def test_a_domain_without_an_inbox_or_without_mail_has_no_postmaster(workspace, inbox):
    close_inbox(inbox, by="test")
    assert find_recipient("postmaster@acme.example") is None
    unverified = make_workspace("New", "new.example")[1]
    open_inbox(unverified.workspace, unverified, "support", by="test")
    unverified.inbound_enabled = False
    unverified.save()
    assert find_recipient("postmaster@new.example") is None
