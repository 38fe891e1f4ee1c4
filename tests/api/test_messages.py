from datetime import timedelta

import pytest
from django.utils import timezone

from inboxes.models import FolderEntry, Message
from tests.api.conftest import RAW, Client, make_message, make_thread
from tests.conftest import make_key

ITEM = {
    *("id", "inboxId", "threadId", "direction", "status", "from", "fromName", "to", "cc", "bcc"),
    *("replyTo", "subject", "isRead", "labels", "messageIdHeader", "inReplyTo", "references"),
    *("receivedAt", "sentAt", "createdAt", "size", "authentication", "isAutomated", "warnings"),
    *("attachments", "deliveries", "fromAddress", "toAddresses", "preview", "metadata"),
}
BODIES = {"plainBody", "htmlBody", "replyText", "visibleText"}


@pytest.fixture
def path(inbox) -> str:
    return f"/v1/inboxes/{inbox.pk}/messages"


def ids(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [message["id"] for message in response.json()["messages"]]


def test_a_list_is_newest_first_and_without_bodies(client, path, thread):
    made = [str(make_message(thread).pk) for _ in range(3)]
    response = client.get(path)
    assert ids(response) == made[::-1]
    assert set(response.json()["messages"][0]) == ITEM
    assert response.json()["pagination"] == {
        "total": 3,
        "limit": 50,
        "offset": 0,
        "nextCursor": None,
    }


def test_a_cursor_walks_the_whole_list(client, path, thread):
    made = [str(make_message(thread).pk) for _ in range(5)]
    seen, cursor = [], {}
    while True:
        response = client.get(path, {"limit": 2} | cursor)
        seen += ids(response)
        if not (following := response.json()["pagination"]["nextCursor"]):
            break
        make_message(thread)  # What comes in meanwhile moves nothing.
        cursor = {"cursor": following}
    assert seen == made[::-1]


def test_one_message_comes_with_its_bodies_in_the_words_of_the_contract(client, path, message):
    told = client.get(f"{path}/{message.pk}").json()
    assert set(told) == ITEM | BODIES
    assert told["from"] == told["fromAddress"] == "ann@customer.example"
    assert told["to"] == "support@acme.example"
    assert told["toAddresses"] == ["support@acme.example"]
    unknown = dict.fromkeys(("spf", "dkim", "dmarc", "arc", "aligned", "details"))
    assert told["authentication"] == unknown
    assert told["createdAt"].endswith("Z")
    (attachment,) = told["attachments"]
    assert set(attachment) == {
        *("id", "filename", "contentType", "sizeBytes", "contentId", "inline")
    }


def test_an_inbox_is_named_by_its_address_as_well(client, message):
    assert ids(client.get("/v1/inboxes/Support@ACME.example/messages")) == [str(message.pk)]


def test_looking_marks_read_and_counts(client, path, message):
    assert client.get(f"{path}/{message.pk}").json()["isRead"] is True
    message.thread.refresh_from_db()
    assert message.thread.unread_count == 0
    assert ids(client.get(path, {"unread": "true"})) == []


def test_looking_without_marking_leaves_it_unread(client, path, message):
    assert client.get(f"{path}/{message.pk}?markRead=false").json()["isRead"] is False
    assert ids(client.get(path, {"unread": "true"})) == [str(message.pk)]


def test_marks_are_seen_by_mail_clients(client, path, message):
    before = FolderEntry.objects.get(message=message).modseq
    told = client.patch(f"{path}/{message.pk}", {"isRead": True, "addLabels": ["billing"]}).json()
    assert (told["isRead"], told["labels"]) == (True, ["billing"])
    assert FolderEntry.objects.get(message=message).modseq > before


def test_labels_come_and_go(client, path, message):
    client.patch(f"{path}/{message.pk}", {"addLabels": ["a", "b", "a"]})
    told = client.patch(f"{path}/{message.pk}", {"addLabels": ["c"], "removeLabels": ["a"]}).json()
    assert told["labels"] == ["b", "c"]
    assert ids(client.get(path, {"label": "c"})) == [str(message.pk)]
    assert ids(client.get(path, {"label": "a"})) == []


@pytest.mark.parametrize("label", ["", "x" * 61, "two\nlines", 7 * [1], None])
def test_odd_labels_are_refused(client, path, message, label):
    assert client.patch(f"{path}/{message.pk}", {"addLabels": [label]}).status_code == 400


def test_the_trash_leaves_the_list_but_not_the_thread(client, path, inbox, thread, message):
    for _ in range(2):
        assert client.delete(f"{path}/{message.pk}").status_code == 204
    assert ids(client.get(path)) == []
    assert ids(client.get(f"/v1/inboxes/{inbox.pk}/threads/{thread.pk}")) == [str(message.pk)]
    assert FolderEntry.objects.get(message=message).folder.role == "trash"
    thread.refresh_from_db()
    assert thread.unread_count == 0


def test_what_was_undone_is_nowhere(client, path, inbox, thread):
    undone = make_message(thread, status=Message.Status.CANCELLED, direction="outbound")
    assert ids(client.get(path)) == []
    assert client.get(f"{path}/{undone.pk}").status_code == 404
    assert ids(client.get(f"/v1/inboxes/{inbox.pk}/threads/{thread.pk}")) == []


def test_filters_narrow(client, path, inbox, thread):
    old = timezone.now() - timedelta(days=3)
    bob = make_message(thread, header_from="bob@customer.example", created_at=old)
    ours = make_message(
        make_thread(inbox), direction="outbound", status="sent", recipients=["eve@customer.example"]
    )
    for query, expected in [
        ({"from": "BOB@customer.example"}, [bob]),
        ({"to": "eve@customer.example"}, [ours]),
        ({"direction": "outbound"}, [ours]),
        ({"threadId": str(thread.pk)}, [bob]),
        ({"until": (old + timedelta(seconds=1)).isoformat()}, [bob]),
        ({"since": (old + timedelta(seconds=1)).isoformat()}, [ours]),
        ({"since": old.date().isoformat()}, [ours, bob]),
        ({"from": "nobody@customer.example"}, []),
    ]:
        response = client.get(path, query)
        assert ids(response) == [str(one.pk) for one in expected], query
        assert response.json()["pagination"]["total"] == len(expected)


@pytest.mark.parametrize(
    "query",
    [
        *("unread=perhaps", "direction=sideways", "threadId=7", "from=ann", "since=yesterday"),
        *("limit=0", "limit=201", "offset=-1", "cursor=x", "unraed=true", "q=%00", "label=%00"),
        *("label=a&label=b", "since=2026-13-01", "to=", "q="),
    ],
)
def test_odd_queries_are_refused_by_name(client, path, query):
    response = client.get(f"{path}?{query}")
    assert response.status_code == 400, response.content
    assert list(response.json()["details"]) == [query.split("=")[0]]


def test_raw_is_bit_for_bit(client, path, message):
    response = client.get(f"{path}/{message.pk}/raw")
    assert response.content == RAW
    assert response["Content-Type"] == "message/rfc822"


def test_an_attachment_is_a_download_and_nothing_else(client, path, message):
    (told,) = client.get(f"{path}/{message.pk}/attachments").json()["attachments"]
    response = client.get(f"{path}/{message.pk}/attachments/{told['id']}")
    assert response.content == b"%PDF-"
    assert response["Content-Disposition"] == 'attachment; filename="bill.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("naïve.pdf", "attachment; filename*=utf-8''na%C3%AFve.pdf"),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ('a"b.pdf', 'attachment; filename="a\\"b.pdf"'),
        ("a\r\nSet-Cookie: x", 'attachment; filename="aSet-Cookie: x"'),
        ("invoice\u202efdp.exe", 'attachment; filename="invoicefdp.exe"'),
        ("", 'attachment; filename="part-2.pdf"'),
    ],
)
def test_a_hostile_file_name_stays_a_name(client, path, message, filename, disposition):
    message.attachments.update(filename=filename)
    attachment = message.attachments.get()
    response = client.get(f"{path}/{message.pk}/attachments/{attachment.pk}")
    assert response["Content-Disposition"] == disposition


@pytest.mark.parametrize("claimed", ["text/html\r\nX: y", "nonsense", "a/b; charset=x"])
def test_a_hostile_content_type_is_octets(client, path, message, claimed):
    message.attachments.update(content_type=claimed)
    attachment = message.attachments.get()
    response = client.get(f"{path}/{message.pk}/attachments/{attachment.pk}")
    assert response["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("rows", [5, 50])
def test_a_page_takes_as_many_queries_for_any_number_of_rows(
    client, path, thread, rows, django_assert_num_queries
):
    for _ in range(rows):
        make_message(thread)
    client.get("/v1/me")
    with django_assert_num_queries(6):  # key, inbox, total, page, attachments, deliveries
        assert len(ids(client.get(path))) == rows


def test_reading_needs_no_more_than_read(inbox, path, message):
    reader = Client(make_key(inbox, ["read"]))
    assert reader.get(f"{path}/{message.pk}").json()["isRead"] is True


def test_format_of_moments_is_iso_and_utc(client, path, message):
    told = client.get(f"{path}/{message.pk}").json()["receivedAt"]
    assert told == message.received_at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_attachments_are_listed_in_the_order_of_the_message(client, path, message):
    for part_path in ("1.10", "1.9", "1.2.1"):
        message.attachments.create(part_path=part_path, filename=part_path, size=1)
    wanted = ["1.2.1", "1.9", "1.10", "bill.pdf"]
    told = client.get(f"{path}/{message.pk}").json()["attachments"]
    page = client.get(f"{path}/{message.pk}/attachments", {"limit": 2, "offset": 1}).json()
    assert [each["filename"] for each in told] == wanted
    assert [each["filename"] for each in page["attachments"]] == wanted[1:3]
    assert page["pagination"] == {"total": 4, "limit": 2, "offset": 1}
