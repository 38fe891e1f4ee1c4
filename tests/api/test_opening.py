"""Opening, deleting and restoring inboxes, their addresses, passwords and keys."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey
from events.models import AuditEntry
from inboxes.models import Address, Domain, Inbox
from inboxes.opening import open_inbox
from inboxes.recipients import find_recipient
from tests.api.conftest import Client
from tests.conftest import EVERY_PERMISSION


def presented(kind: str, workspace, permissions=EVERY_PERMISSION) -> str:
    return keys.issue(
        ApiKey.Kind(kind),
        workspace=workspace,
        name="k",
        permissions=permissions,
        created_by="test",
    )[1]


@pytest.fixture
def own(workspace) -> Client:
    """A client with a key of the workspace."""
    return Client(presented("wk", workspace))


@pytest.fixture
def shared(settings, strange_inbox) -> str:
    """The domain of this installation, on which a stranger has support@ already."""
    settings.DEFAULT_DOMAIN = strange_inbox.domain.name
    return strange_inbox.domain.name


@pytest.fixture
def path(inbox) -> str:
    return f"/v1/inboxes/{inbox.pk}"


def test_an_inbox_is_opened_with_its_secrets(own, workspace):
    body = {"username": "help", "displayName": "Help", "reviewMode": "off", "metadata": {"a": 1}}
    response = own.post("/v1/inboxes", body)
    told = response.json()
    assert (response.status_code, told["existed"]) == (201, False)
    assert told.items() >= {**body, "email": "help@acme.example"}.items()
    me = Client(told["apiKey"]).get("/v1/me").json()
    assert (me["kind"], me["inboxId"], me["email"]) == ("inbox", told["id"], "help@acme.example")
    assert check_password(told["imapPassword"], Inbox.objects.get(pk=told["id"]).password)


def test_its_key_can_do_what_the_calling_key_can(workspace):
    narrow = Client(presented("wk", workspace, ["read", "manage"]))
    made = narrow.post("/v1/inboxes", {}).json()
    assert Client(made["apiKey"]).get("/v1/me").json()["permissions"] == ["manage", "read"]


def test_a_name_is_made_up(own, workspace):
    first, second = (own.post("/v1/inboxes", {}).json() for _ in range(2))
    assert first["domain"] == "acme.example"
    assert first["email"] != second["email"]


def test_the_workspace_s_own_inbox_of_that_name_is_answered_without_secrets(own, inbox):
    response = own.post("/v1/inboxes", {"username": "support", "displayName": "Other"})
    told = response.json()
    assert (response.status_code, told["existed"], told["id"]) == (200, True, str(inbox.pk))
    assert told["displayName"] == "Acme Support"
    assert not {"apiKey", "imapPassword"} & set(told)


def test_a_name_that_somebody_else_has_becomes_the_first_free_one(own, workspace, shared):
    made = own.post("/v1/inboxes", {"username": "support"})
    assert (made.status_code, made.json()["email"]) == (201, f"support1@{shared}")
    again = own.post("/v1/inboxes", {"username": "support"})
    assert again.json()["email"] == f"support2@{shared}"


def test_a_name_that_somebody_else_has_is_refused_with_strict(own, shared):
    response = own.post("/v1/inboxes?strict=true", {"username": "support"})
    assert (response.status_code, response.json()["code"]) == (409, "USERNAME_TAKEN")


def test_a_hundredth_name_is_not_tried(own, strange_inbox, shared):
    Address.objects.bulk_create(
        Address(address=f"support{n}@{shared}", inbox=strange_inbox) for n in range(1, 100)
    )
    response = own.post("/v1/inboxes", {"username": "support"})
    assert (response.status_code, response.json()["code"]) == (409, "USERNAME_TAKEN")


def test_a_client_s_name_for_the_call_makes_one_inbox_for_good(own, workspace):
    body = {"clientId": "signup-7"}
    first, second = (own.post("/v1/inboxes", body) for _ in range(2))
    assert first.content == second.content
    assert Inbox.objects.count() == 1
    other = own.post("/v1/inboxes", {**body, "username": "other"})
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_MISMATCH")


def test_a_client_s_names_are_its_workspace_s_own(own, strange_inbox, workspace):
    stranger = Client(presented("wk", strange_inbox.workspace))
    ids = {each.post("/v1/inboxes", {"clientId": "1"}).json()["id"] for each in (own, stranger)}
    assert len(ids) == 2


def test_a_key_of_the_installation_names_the_workspace(workspace, strange_inbox):
    client = Client(presented("tk", None))
    refused = client.post("/v1/inboxes", {})
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["workspaceId"])
    made = client.post("/v1/inboxes", {"workspaceId": str(workspace.pk)}).json()
    assert made["workspaceId"] == str(workspace.pk)


def test_another_s_workspace_is_not_there(own, strange_inbox):
    response = own.post("/v1/inboxes", {"workspaceId": str(strange_inbox.workspace_id)})
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


def test_the_key_of_an_inbox_opens_none(client):
    assert client.post("/v1/inboxes", {}).status_code == 403


def test_another_s_domain_is_no_domain(own, strange_inbox):
    response = own.post("/v1/inboxes", {"domain": strange_inbox.domain.name})
    assert (response.status_code, list(response.json()["details"])) == (400, ["domain"])


def test_a_domain_must_be_verified(own, workspace):
    Domain.objects.create(workspace=workspace, name="new.example")
    response = own.post("/v1/inboxes", {"domain": "new.example"})
    assert (response.status_code, response.json()["code"]) == (403, "DOMAIN_NOT_VERIFIED")


@pytest.mark.parametrize(
    "body",
    [
        {"username": "Upper"},
        {"username": "a..b"},
        {"username": ".a"},
        {"username": "a+b"},
        {"username": "x" * 65},
        {"username": "ä"},
        {"reviewMode": "none"},
        {"metadata": 1},
        {"clientId": "with space"},
        {"clientId": "x" * 257},
        {"usrname": "x"},
    ],
)
def test_odd_inboxes_are_refused_by_name(own, body):
    response = own.post("/v1/inboxes", body)
    assert response.status_code == 400, response.content
    assert list(response.json()["details"]) == list(body)


def test_a_deleted_inbox_takes_no_mail_and_comes_back_whole(own, path, inbox):
    assert own.delete(path).status_code == 204
    assert own.get(path).status_code == 404
    assert own.get("/v1/inboxes").json()["inboxes"] == []
    assert find_recipient("support@acme.example") is None
    told = own.post(f"{path}/restore")
    assert (told.status_code, told.json()["email"]) == (200, "support@acme.example")
    assert find_recipient("support@acme.example") is not None
    acts = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"inbox.close", "inbox.restore"} <= acts


def test_a_deleted_inbox_comes_back_by_its_address_and_with_its_own_key(client, inbox):
    client.delete(f"/v1/inboxes/{inbox.pk}")
    assert client.post(f"/v1/inboxes/{inbox.email}/restore").status_code == 200


def test_after_thirty_days_an_inbox_is_gone_and_its_name_free(own, path, inbox):
    long_ago = timezone.now() - timedelta(days=31)
    own.delete(path)
    taken = own.post("/v1/inboxes?strict=true", {"username": "support"})
    assert taken.json()["code"] == "USERNAME_TAKEN"
    Inbox.objects.filter(pk=inbox.pk).update(deleted_at=long_ago)
    assert own.post(f"{path}/restore").status_code == 404
    made = own.post("/v1/inboxes", {"username": "support"})
    assert (made.status_code, made.json()["email"]) == (201, "support@acme.example")


def test_nested_metadata_is_merged_by_rfc_7396(client, path):
    client.patch(path, {"metadata": {"crm": {"id": 7, "tier": "gold"}}})
    told = client.patch(path, {"metadata": {"crm": {"tier": None, "new": {"x": None}}}}).json()
    assert told["metadata"] == {"crm": {"id": 7, "new": {}}}


def test_the_first_contact_guard_is_switched(client, path):
    assert client.patch(path, {"firstContactGuard": True}).json()["firstContactGuard"] is True


def test_a_further_address_brings_mail(client, path, inbox):
    response = client.post(f"{path}/addresses", {"address": "Billing@acme.example"})
    assert response.status_code == 201
    assert {"address": "billing@acme.example", "isPrimary": False} in response.json()["addresses"]
    assert find_recipient("billing@acme.example").inbox_id == inbox.pk
    assert client.post(f"{path}/addresses", {"address": "billing@acme.example"}).status_code == 200


def test_a_primary_address_is_the_from(client, path):
    body = {"address": "billing@acme.example", "primary": True}
    told = client.post(f"{path}/addresses", body).json()
    assert (told["email"], told["canonicalEmail"]) == (body["address"], "support@acme.example")
    assert [one["address"] for one in told["addresses"] if one["isPrimary"]] == [body["address"]]


@pytest.mark.parametrize("address", ["support@acme.example", "billing@acme.example"])
def test_the_first_and_the_primary_address_stay(client, path, address):
    client.post(f"{path}/addresses", {"address": "billing@acme.example", "primary": True})
    response = client.delete(f"{path}/addresses/{address}")
    assert (response.status_code, response.json()["code"]) == (409, "ADDRESS_NEEDED")


def test_a_further_address_is_removed(client, path):
    client.post(f"{path}/addresses", {"address": "billing@acme.example"})
    assert client.delete(f"{path}/addresses/BILLING@acme.example").status_code == 204
    assert find_recipient("billing@acme.example") is None
    assert client.delete(f"{path}/addresses/billing@acme.example").status_code == 404


@pytest.mark.parametrize("address", ["sales@acme.example", "sales+x@acme.example"])
def test_an_address_of_another_inbox_is_taken(client, path, workspace, address):
    open_inbox(workspace, workspace.domains.get(), "sales", by="test")
    response = client.post(f"{path}/addresses", {"address": address})
    assert (response.status_code, response.json()["code"]) == (409, "ADDRESS_TAKEN")


@pytest.mark.parametrize("address", ["x@elsewhere.example", "no address", "@acme.example", "a b@c"])
def test_odd_and_strange_addresses_are_refused(client, path, strange_inbox, address):
    response = client.post(f"{path}/addresses", {"address": address})
    assert (response.status_code, list(response.json()["details"])) == (400, ["address"])


def test_an_address_needs_a_verified_domain(client, path, workspace):
    Domain.objects.create(workspace=workspace, name="new.example")
    response = client.post(f"{path}/addresses", {"address": "a@new.example"})
    assert (response.status_code, response.json()["code"]) == (403, "DOMAIN_NOT_VERIFIED")


def test_a_new_password_replaces_the_old_one(client, path, inbox):
    told = client.post(f"{path}/password").json()
    assert set(told) == {"username", "imapPassword"}
    old = inbox.password
    inbox.refresh_from_db()
    assert inbox.password != old
    assert check_password(told["imapPassword"], inbox.password)


def test_the_keys_of_an_inbox(client, path, inbox):
    made = client.post(f"{path}/keys", {"name": "reader", "permissions": ["read"]}).json()
    assert made["key"].startswith("ak_")
    assert (made["kind"], made["inboxId"]) == ("inbox", str(inbox.pk))
    assert [one["name"] for one in client.get(f"{path}/keys").json()["keys"]] == ["agent", "reader"]
    new = client.post(f"{path}/keys/{made['id']}/rotate", {}).json()
    for each in (made["key"], new["key"]):
        assert Client(each).get(path).status_code == 200
    assert client.delete(f"{path}/keys/{made['id']}").status_code == 204
    assert Client(made["key"]).get(path).status_code == 401


def test_opening_takes_as_many_queries_for_any_number_of_names_taken(
    own, strange_inbox, shared, django_assert_max_num_queries
):
    Address.objects.bulk_create(
        Address(address=f"support{n}@{shared}", inbox=strange_inbox) for n in range(1, 90)
    )
    with django_assert_max_num_queries(60):
        assert own.post("/v1/inboxes", {"username": "support"}).status_code == 201


def test_metadata_over_the_limit_opens_nothing(own):
    response = own.post("/v1/inboxes", {"username": "big", "metadata": {"a": "x" * 65_536}})

    assert (response.status_code, list(response.json()["details"])) == (400, ["metadata"])
    assert not Inbox.objects.filter(username="big").exists()
