"""Workspaces and their keys over the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Workspace
from events.models import AuditEntry
from tests.api.conftest import Client
from tests.conftest import EVERY_PERMISSION


def presented(kind: str, workspace: Workspace | None, **fields) -> str:
    given = {"name": "k", "permissions": EVERY_PERMISSION, "created_by": "test"} | fields
    return keys.issue(ApiKey.Kind(kind), workspace=workspace, **given)[1]


@pytest.fixture
def installation(db) -> Client:
    return Client(presented("tk", None))


@pytest.fixture
def own(workspace) -> Client:
    return Client(presented("wk", workspace))


@pytest.fixture
def path(workspace) -> str:
    return f"/v1/workspaces/{workspace.pk}/keys"


def test_a_workspace_is_opened_changed_and_closed(installation):
    made = installation.post("/v1/workspaces", {"name": "New"})
    assert made.status_code == 201
    assert made.json().items() >= {"name": "New", "automaticSending": True}.items()
    path = f"/v1/workspaces/{made.json()['id']}"
    changed = installation.patch(path, {"automaticSending": False}).json()
    assert (changed["name"], changed["automaticSending"]) == ("New", False)
    assert installation.delete(path).status_code == 204
    assert installation.get(path).status_code == 404
    acts = AuditEntry.objects.filter(workspace_id=made.json()["id"]).values_list(
        "action", flat=True
    )
    assert {"workspace.open", "workspace.change", "workspace.close"} <= set(acts)


def test_closing_a_workspace_ends_its_keys(installation, workspace):
    shown = presented("wk", workspace)
    installation.delete(f"/v1/workspaces/{workspace.pk}")
    assert Client(shown).get("/v1/me").status_code == 401


def test_a_workspace_with_inboxes_is_not_closed(installation, inbox):
    response = installation.delete(f"/v1/workspaces/{inbox.workspace_id}")
    assert (response.status_code, response.json()["code"]) == (409, "WORKSPACE_NOT_EMPTY")


def test_only_the_installation_s_keys_open_and_change_workspaces(own, workspace):
    path = f"/v1/workspaces/{workspace.pk}"
    assert own.get(path).json()["name"] == "Acme"
    for response in (
        own.post("/v1/workspaces", {"name": "New"}),
        own.patch(path, {"name": "Other"}),
        own.delete(path),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x\ny"}, {"name": "x", "nme": 1}])
def test_odd_workspaces_are_refused_by_name(installation, body):
    response = installation.post("/v1/workspaces", body)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


def test_a_new_key_is_shown_once_and_has_what_its_maker_has(own, path):
    made = own.post(path, {"name": "agent"}).json()
    assert made["key"].startswith("wk_")
    assert made["permissions"] == sorted(EVERY_PERMISSION)
    assert Client(made["key"]).get("/v1/me").status_code == 200
    told = own.get(f"{path}/{made['id']}").json()
    assert "key" not in told
    assert told["hint"] == made["key"][:9]
    assert told["lastUsedAt"] is not None


def test_a_key_gives_no_permission_that_it_does_not_have(workspace, path):
    narrow = Client(presented("wk", workspace, permissions=["read", "manage"]))
    response = narrow.post(path, {"name": "x", "permissions": ["read", "send"]})
    assert (response.status_code, response.json()["code"]) == (403, "PERMISSION_DENIED")
    assert response.json()["details"] == {"permissions": ["send"]}
    assert narrow.post(path, {"name": "x"}).json()["permissions"] == ["manage", "read"]


def test_a_key_gives_no_time_that_it_does_not_have(workspace, path):
    end = timezone.now() + timedelta(hours=1)
    brief = Client(presented("wk", workspace, expires_at=end))
    later = brief.post(path, {"name": "x", "expiresAt": (end + timedelta(hours=1)).isoformat()})
    assert (later.status_code, list(later.json()["details"])) == (400, ["expiresAt"])
    made = brief.post(path, {"name": "x"}).json()
    assert ApiKey.objects.get(pk=made["id"]).expires_at == end


def test_an_end_in_the_past_is_refused(own, path):
    response = own.post(path, {"name": "x", "expiresAt": "2020-01-01T00:00:00Z"})
    assert list(response.json()["details"]) == ["expiresAt"]


def test_a_rotated_key_and_its_successor_are_live_at_once(own, path):
    old = own.post(path, {"name": "agent", "permissions": ["read"]}).json()
    new = own.post(f"{path}/{old['id']}/rotate", {})
    assert new.status_code == 201
    told = new.json()
    assert (told["name"], told["permissions"], told["expiresAt"]) == ("agent", ["read"], None)
    assert Client(old["key"]).get("/v1/me").status_code == 200
    assert Client(told["key"]).get("/v1/me").status_code == 200
    ends = ApiKey.objects.get(pk=old["id"]).expires_at - timezone.now()
    assert timedelta(hours=23) < ends <= timedelta(hours=24)


def test_a_rotation_without_overlap_ends_the_old_key_at_once(own, path):
    old = own.post(path, {"name": "agent"}).json()
    own.post(f"{path}/{old['id']}/rotate", {"overlapSeconds": 0})
    assert Client(old["key"]).get("/v1/me").status_code == 401
    again = own.post(f"{path}/{old['id']}/rotate", {})
    assert (again.status_code, again.json()["code"]) == (409, "KEY_ENDED")


def test_a_key_that_may_do_more_cannot_be_rotated_by_one_that_may_less(workspace, own, path):
    strong = own.post(path, {"name": "strong"}).json()
    weak = Client(presented("wk", workspace, permissions=["read", "manage"]))
    response = weak.post(f"{path}/{strong['id']}/rotate", {})
    assert (response.status_code, response.json()["code"]) == (403, "PERMISSION_DENIED")
    assert ApiKey.objects.get(pk=strong["id"]).expires_at is None


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(own, path):
    made = own.post(path, {"name": "agent"}).json()
    assert own.delete(f"{path}/{made['id']}").status_code == 204
    assert Client(made["key"]).get("/v1/me").status_code == 401
    assert [one["id"] for one in own.get(f"{path}?state=revoked").json()["keys"]] == [made["id"]]
    live = own.get(f"{path}?state=live").json()["keys"]
    assert made["id"] not in [one["id"] for one in live]


@pytest.mark.parametrize("rows", [5, 50])
def test_a_page_of_keys_takes_as_many_queries_for_any_number(
    workspace, own, path, rows, django_assert_num_queries
):
    for _ in range(rows - 1):
        presented("wk", workspace)
    own.get("/v1/me")
    with django_assert_num_queries(4):  # key, workspace, page, total
        assert len(own.get(path).json()["keys"]) == rows
