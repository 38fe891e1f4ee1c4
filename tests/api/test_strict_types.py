"""JSON has types: what is declared as text is not taken as a number, nor the other way round."""

import pytest

from inboxes.models import Inbox


def proposed(client, inbox) -> str:
    """The path of a new draft."""
    body = {"to": "ann@customer.example", "subject": "News", "plainBody": "Hello"}
    return client.post(f"/v1/inboxes/{inbox.pk}/drafts", body)["Location"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("signature", 0), ("displayName", True), ("trackOpens", 1), ("trackOpens", "true")),
        *(("holdSeconds", "5"), ("holdSeconds", True), ("status", 1), ("metadata", "{}")),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(client, inbox, field, value):
    before = Inbox.objects.values().get(pk=inbox.pk)

    response = client.patch(f"/v1/inboxes/{inbox.pk}", {field: value})

    assert (response.status_code, list(response.json()["details"])) == (400, [field])
    assert Inbox.objects.values().get(pk=inbox.pk) == before


@pytest.mark.parametrize("body", [[], "force", 0, False])
def test_a_body_is_an_object_where_there_is_one(client, inbox, body):
    path = proposed(client, inbox)

    for deed in ("send", "withdraw"):
        response = client.post(f"{path}/{deed}", body)
        assert response.status_code == 400


def test_the_item_of_a_list_that_is_of_another_type_is_named(client, inbox, message):
    body = {"addLabels": ["urgent", 7]}
    response = client.patch(f"/v1/inboxes/{inbox.pk}/messages/{message.pk}", body)

    assert response.status_code == 400
    assert response.json()["details"] == {"addLabels": {"1": ["Must be a string."]}}


def test_an_empty_precondition_is_no_precondition_left_out(client, inbox):
    path = proposed(client, inbox)

    response = client.patch(path, {"subject": "Changed"}, headers={"If-Match": ""})

    assert (response.status_code, list(response.json()["details"])) == (400, ["If-Match"])


@pytest.mark.parametrize(
    ("field", "value"),
    [("filename", "a\tb"), ("contentType", "pdf"), ("contentId", "<a b>")],
)
def test_a_file_is_refused_by_the_name_of_its_field(client, inbox, field, value):
    file = {"filename": "a.pdf", "content": "JVBERi0=", field: value}
    response = client.post(f"{proposed(client, inbox)}/attachments", file)

    assert (response.status_code, list(response.json()["details"])) == (400, [field])
