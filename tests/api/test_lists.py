"""Named groups of addresses over the API."""

import pytest

from inboxes.models import ListEntry


@pytest.fixture
def path(inbox) -> str:
    return f"/v1/inboxes/{inbox.pk}/lists"


@pytest.fixture
def one(client, path) -> str:
    return f"{path}/{client.post(path, {'name': 'Testers'}).json()['id']}"


def test_a_list_is_made_renamed_and_deleted(client, path):
    made = client.post(path, {"name": "Testers"})
    assert (made.status_code, made.json()["entryCount"]) == (201, 0)
    one = f"{path}/{made.json()['id']}"
    assert client.patch(one, {"name": "Friends"}).json()["name"] == "Friends"
    assert [each["name"] for each in client.get(path).json()["lists"]] == ["Friends"]
    client.post(f"{one}/entries", {"addresses": ["a@b.example"]})
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    assert not ListEntry.objects.exists()


def test_a_name_is_given_once_in_an_inbox(client, path, one):
    response = client.post(path, {"name": "TESTERS"})
    assert (response.status_code, response.json()["code"]) == (409, "NAME_TAKEN")


def test_an_address_is_in_a_list_once_under_its_last_name(client, one):
    body = {"addresses": ["Ann <Ann@b.example>", "bob@b.example"]}
    assert client.post(f"{one}/entries", body).status_code == 201
    client.post(f"{one}/entries", {"addresses": ["Anna <ann@b.example>"]})
    entries = client.get(f"{one}/entries").json()["entries"]
    told = [(each["address"], each["name"]) for each in entries]
    assert told == [("ann@b.example", "Anna"), ("bob@b.example", "")]
    assert client.get(one).json()["entryCount"] == 2


def test_an_address_is_taken_out(client, one):
    client.post(f"{one}/entries", {"addresses": ["ann@b.example"]})
    assert client.delete(f"{one}/entries/ANN@b.example").status_code == 204
    assert client.delete(f"{one}/entries/ann@b.example").status_code == 404


@pytest.mark.parametrize("addresses", [[], ["a@b.example", "nobody"], "a@b.example", [1, []]])
def test_with_an_odd_address_none_is_taken(client, one, addresses):
    response = client.post(f"{one}/entries", {"addresses": addresses})
    assert (response.status_code, list(response.json()["details"])) == (400, ["addresses"])
    assert not ListEntry.objects.exists()


@pytest.mark.parametrize("rows", [1, 30])
def test_a_page_of_lists_takes_as_many_queries_for_any_number(
    client, path, inbox, rows, django_assert_num_queries
):
    for number in range(rows):
        inbox.lists.create(name=f"{number}").entries.create(address="a@b.example")
    client.get("/v1/me")
    with django_assert_num_queries(4):  # key, inbox, page, total
        assert len(client.get(path).json()["lists"]) == rows
