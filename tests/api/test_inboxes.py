import pytest

from accounts import keys
from accounts.models import ApiKey
from events.models import AuditEntry
from inboxes.models import Inbox
from inboxes.opening import open_inbox
from tests.api.conftest import Client

FIELDS = {
    *("id", "email", "canonicalEmail", "username", "domain", "displayName", "workspaceId"),
    *("status", "reviewMode", "trackOpens", "trackClicks", "holdSeconds", "signature"),
    *("firstContactGuard", "addresses", "imap", "smtp", "metadata", "createdAt", "updatedAt"),
}


@pytest.fixture
def path(inbox) -> str:
    return f"/v1/inboxes/{inbox.pk}"


def test_an_inbox_in_the_words_of_the_contract(client, path):
    told = client.get(path).json()
    assert set(told) == FIELDS
    assert told["email"] == told["canonicalEmail"] == "support@acme.example"
    assert told["addresses"] == [{"address": "support@acme.example", "isPrimary": True}]
    assert (told["domain"], told["reviewMode"]) == ("acme.example", "required")


def test_what_is_named_changes_and_the_rest_stays(client, inbox, path):
    change = {"displayName": "Acme", "status": "paused", "holdSeconds": 0, "trackOpens": True}
    told = client.patch(path, change).json()
    assert {name: told[name] for name in change} == change
    assert told["reviewMode"] == "required"
    entry = AuditEntry.objects.get(action="inbox.adjust")
    assert entry.details["changes"]["status"] == ["active", "paused"]


def test_metadata_is_merged_and_null_removes(client, path):
    client.patch(path, {"metadata": {"crmId": 7, "snake_case": "kept", "gone": 1}})
    told = client.patch(path, {"metadata": {"gone": None, "new": [1]}}).json()
    assert told["metadata"] == {"crmId": 7, "snake_case": "kept", "new": [1]}


@pytest.mark.parametrize(
    "change",
    [
        {"displayName": "x\r\nBcc: y"},
        {"displayName": "x" * 121},
        {"status": "gone"},
        {"holdSeconds": -1},
        {"holdSeconds": 10**12},
        {"metadata": []},
        {"metadata": {"big": "x" * 70_000}},
        {"signature": "x\x00"},
        {"trackOpens": None},
        {"id": "x"},
    ],
)
def test_odd_changes_are_refused_by_name(client, path, change):
    response = client.patch(path, change)
    assert response.status_code == 400, response.content
    assert list(response.json()["details"]) == list(change)


def test_changing_nothing_is_not_on_record(client, path):
    client.patch(path, {"holdSeconds": 10})
    assert not AuditEntry.objects.filter(action="inbox.adjust").exists()


def test_a_workspace_key_lists_its_inboxes_and_no_others(inbox, strange_inbox, workspace):
    other = open_inbox(workspace, workspace.domains.get(), "sales", by="test").inbox
    _, shown = keys.issue(
        ApiKey.Kind.WORKSPACE,
        workspace=workspace,
        name="all",
        permissions=["read"],
        created_by="test",
    )
    told = Client(shown).get("/v1/inboxes").json()
    assert [one["id"] for one in told["inboxes"]] == [str(inbox.pk), str(other.pk)]
    assert told["pagination"] == {"total": 2, "limit": 50, "offset": 0}
    strange = Client(shown).get(f"/v1/inboxes?workspace={strange_inbox.workspace_id}").json()
    assert strange["inboxes"] == []


@pytest.mark.parametrize("rows", [5, 50])
def test_a_page_takes_as_many_queries_for_any_number_of_rows(
    inbox, workspace, rows, django_assert_num_queries
):
    _, shown = keys.issue(
        ApiKey.Kind.INSTALLATION, workspace=None, name="x", permissions=["read"], created_by="test"
    )
    Inbox.objects.bulk_create(
        Inbox(
            workspace=workspace, domain=inbox.domain, username=f"u{n}", email=f"u{n}@acme.example"
        )
        for n in range(rows - 1)
    )
    Client(shown).get("/v1/me")
    with django_assert_num_queries(4):  # key, page, addresses, total
        assert len(Client(shown).get("/v1/inboxes").json()["inboxes"]) == rows
