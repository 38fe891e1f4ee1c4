"""The admin pages, as the admin's browser asks for them."""

import re

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Member, User, Workspace
from events import audit
from events.models import AuditEntry
from inboxes.models import Inbox
from tests.api.conftest import make_message, make_thread

LISTS = [
    *("accounts/user", "accounts/workspace", "accounts/apikey"),
    *("inboxes/domain", "inboxes/inbox", "inboxes/thread", "inboxes/message"),
    *("outbound/delivery", "outbound/dkimkey", "outbound/suppression"),
    *("drafts/draft", "drafts/decision", "events/event", "events/auditentry"),
    *("events/webhook", "events/webhookdelivery"),
]
HISTORY = [
    *("inboxes/thread", "inboxes/message", "outbound/delivery", "outbound/dkimkey"),
    *("drafts/draft", "drafts/decision", "events/event", "events/auditentry"),
    *("events/webhook", "events/webhookdelivery"),
]


@pytest.fixture
def admin(db) -> Client:
    user = User.objects.create_superuser("root@acme.example", "a long pass phrase")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("q", ["", "ann@customer.example", "01a1fc6d-6c23-7c8f-819c-f590fbf05caa"])
def test_every_list_opens_and_can_be_searched(admin, inbox, key, name, q):
    make_message(make_thread(inbox))
    assert admin.get(f"/admin/{name}/", {"q": q}).status_code == 200


@pytest.mark.parametrize("name", HISTORY)
def test_history_cannot_be_added_to(admin, name):
    assert admin.get(f"/admin/{name}/add/").status_code == 403


def test_a_message_is_shown_and_cannot_be_changed(admin, inbox):
    message = make_message(make_thread(inbox))
    path = f"/admin/inboxes/message/{message.pk}/change/"
    assert b"It is broken." in admin.get(path).content
    assert admin.post(path, {"subject": "Mine"}).status_code == 403
    assert admin.post(path.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_people_without_the_staff_mark_are_sent_away(alice):
    client = Client()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/admin/accounts/apikey/").status_code == 302


def test_a_new_key_is_shown_once_and_works(admin, inbox):
    form = {
        "kind": "ak",
        "workspace": inbox.workspace_id,
        "inbox_id": inbox.pk,
        "name": "agent",
        "permissions": ["read", "draft"],
    }
    page = admin.post("/admin/accounts/apikey/add/", form, follow=True).content.decode()
    shown = re.search(r"ak_[\w-]{40,}", page)
    assert shown is not None
    found = keys.find(shown.group())
    assert found is not None
    assert found.permissions == ["draft", "read"]
    assert found.created_by.startswith("user:")
    for path in ("", f"{found.pk}/change/"):
        again = admin.get(f"/admin/accounts/apikey/{path}").content.decode()
        assert shown.group() not in again
        assert bytes(found.digest).hex() not in again


@pytest.mark.parametrize("change", [{"kind": "tk"}, {"kind": "wk"}, {"inbox_id": ""}])
def test_a_key_whose_reach_does_not_fit_is_a_sentence(admin, inbox, change):
    form = {"kind": "ak", "workspace": inbox.workspace_id, "inbox_id": inbox.pk, "name": "x"}
    response = admin.post("/admin/accounts/apikey/add/", form | {"permissions": "read"} | change)
    assert response.status_code == 200
    assert not ApiKey.objects.exists()


def test_revoking_chosen_keys_is_on_record(admin, key):
    chosen = {"action": "revoke", "_selected_action": [str(ApiKey.objects.get().pk)]}
    admin.post("/admin/accounts/apikey/", chosen)
    assert keys.find(key) is None
    assert AuditEntry.objects.get(action="key.revoke").actor.startswith("user:")


def test_an_inbox_is_opened_with_its_address_and_folders(admin, workspace):
    form = {
        "workspace": workspace.pk,
        "domain": workspace.domains.get().pk,
        "username": "Sales",
        "display_name": "Sales",
        "review_mode": "required",
    }
    page = admin.post("/admin/inboxes/inbox/add/", form, follow=True).content.decode()
    inbox = Inbox.objects.get()
    assert "shown this once" in page
    assert inbox.email == "sales@acme.example"
    assert inbox.folders.count() == 6
    assert inbox.addresses.get().is_primary


def test_an_inbox_whose_name_is_taken_is_a_sentence(admin, inbox):
    form = {
        "workspace": inbox.workspace_id,
        "domain": inbox.domain_id,
        "username": "support",
        "review_mode": "required",
    }
    page = admin.post("/admin/inboxes/inbox/add/", form)
    assert "support@acme.example is taken." in page.content.decode()


def test_members_come_on_record(admin, workspace, alice):
    other = Workspace.objects.create(name="Other")
    form = {
        "name": "Other",
        "automatic_sending": "on",
        "members-TOTAL_FORMS": "1",
        "members-INITIAL_FORMS": "0",
        "members-0-user": alice.pk,
        "members-0-role": "viewer",
    }
    path = f"/admin/accounts/workspace/{other.pk}/change/"
    assert admin.post(path, form).status_code == 302
    assert Member.objects.get(workspace=other).role == "viewer"
    entry = AuditEntry.objects.get(workspace_id=other.pk, action="member.add")
    assert entry.subject == f"user:{alice.pk}"
    assert audit.verify(other.pk) == []


def test_a_person_is_added_by_email_and_password(admin):
    form = {
        "email": "Dana@Acme.example",
        "name": "Dana",
        "usable_password": "true",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }
    assert admin.post("/admin/accounts/user/add/", form).status_code == 302
    dana = User.objects.get(name="Dana")
    assert dana.email == "dana@acme.example"
    assert dana.check_password("correct horse battery")


@pytest.mark.parametrize("name", ["inboxes/message", "inboxes/thread", "accounts/apikey"])
def test_a_list_takes_as_many_queries_for_many_rows(
    admin, inbox, name, django_assert_max_num_queries
):
    thread = make_thread(inbox)
    for number in range(30):
        make_message(thread, subject=f"{number}")
        make_thread(inbox)
        keys.issue(
            ApiKey.Kind.WORKSPACE,
            workspace=inbox.workspace,
            name=f"{number}",
            permissions=["read"],
            created_by="test",
        )
    with django_assert_max_num_queries(9):
        assert admin.get(f"/admin/{name}/").status_code == 200
