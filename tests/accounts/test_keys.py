from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey
from accounts.scope import Scope
from events.errors import Invalid
from events.models import AuditEntry
from tests.api.conftest import Client
from tests.conftest import EVERY_PERMISSION, make_key


def test_a_key_says_what_it_is(inbox, key):
    told = Client(key).get("/v1/me").json()
    stored = ApiKey.objects.get()
    assert told == {
        "id": str(stored.pk),
        "kind": "inbox",
        "name": "agent",
        "permissions": sorted(EVERY_PERMISSION),
        "workspaceId": str(inbox.workspace_id),
        "inboxId": str(inbox.pk),
        "email": "support@acme.example",
        "createdAt": stored.created_at.isoformat().replace("+00:00", "Z"),
        "expiresAt": None,
        "lastUsedAt": None,
    }


def test_a_key_of_the_installation_names_no_workspace(db):
    _, shown = keys.issue(
        ApiKey.Kind.INSTALLATION,
        workspace=None,
        name="ops",
        permissions=["read"],
        created_by="test",
    )
    told = Client(shown).get("/v1/me").json()
    assert (told["kind"], told["workspaceId"], told["email"]) == ("installation", None, None)


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER  {}"])
def test_a_key_may_come_as_a_bearer_token(key, form):
    assert Client().get("/v1/me", HTTP_AUTHORIZATION=form.format(key)).status_code == 200


@pytest.mark.parametrize("form", ["Basic {}", "{}", "Token {}"])
def test_no_other_scheme_is_a_key(key, form):
    assert Client().get("/v1/me", HTTP_AUTHORIZATION=form.format(key)).status_code == 401


def test_a_key_in_the_address_is_no_key(key):
    assert Client().get(f"/v1/me?api_key={key}").status_code == 401


def test_a_key_with_a_changed_end_is_refused_without_asking_the_database(
    key, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert keys.find(key[:-1] + ("a" if key[-1] != "a" else "b")) is None


def test_the_key_itself_is_stored_nowhere(key):
    row = str(ApiKey.objects.values().get())
    assert key not in row
    assert key[12:] not in row


def test_use_is_noted_at_most_once_a_minute(key):
    client = Client(key)
    client.get("/v1/me")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    client.get("/v1/me")
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    client.get("/v1/me")
    assert ApiKey.objects.get().last_used_at >= first


def test_a_key_with_no_known_permission_is_not_made(inbox):
    with pytest.raises(Invalid):
        make_key(inbox, ["approve"])


def test_no_key_can_hold_the_deed_of_approving(inbox):
    make_key(inbox)
    stored = ApiKey.objects.get()
    stored.permissions = [*EVERY_PERMISSION, "review"]
    assert not Scope.of_key(stored).may("review")


def test_a_key_dies_at_its_hour(inbox, key):
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert Client(key).get("/v1/me").status_code == 200
    ApiKey.objects.update(expires_at=timezone.now())
    assert Client(key).get("/v1/me").status_code == 401


def test_a_revoked_key_dies_at_once_and_on_record(inbox, key):
    keys.revoke(ApiKey.objects.get(), by="user:1")
    assert Client(key).get("/v1/me").status_code == 401
    assert AuditEntry.objects.filter(action="key.revoke", actor="user:1").count() == 1
