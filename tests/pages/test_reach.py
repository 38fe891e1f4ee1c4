"""Who gets to which page. The list of pages is made from the routes: a new one must be tried."""

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from drafts.models import DraftFile
from drafts.pages.urls import urlpatterns
from inboxes.models import Attachment, Message
from outbound.models import Delivery
from tests.pages.proposals import approve, propose

POSTED = {
    "draft-edit", "draft-lease", "draft-approve", "draft-reject", "draft-no-reply",
    "draft-request-changes", "draft-undo", "outbox-answer", "message-junk",
}  # fmt: skip
LISTS = {
    "queue", "queue-rows", "queue-shown", "queue-news", "queue-held", "queue-count", "outbox",
    "conversations", "dev-outbox", "junk", "pauses",
}  # fmt: skip
ALL = sorted(route.name for route in urlpatterns if isinstance(route, URLPattern))


@pytest.fixture
def things(inbox, draft, alice) -> dict[str, object]:
    """One of each thing that a page is about."""
    approved = approve(propose(inbox, 2), alice)
    message = Message.objects.get(draft=approved)
    attachment = Attachment.objects.create(
        message=draft.reply_to_message, part_path="1", content_type="text/plain", size=1
    )
    file = DraftFile.objects.create(
        draft=draft, filename="a", content_type="a/b", size=1, sha256=b"", content=b"a"
    )
    return {
        "draft_id": draft.pk,
        "thread_id": draft.thread_id,
        "message_id": draft.reply_to_message_id,
        "attachment_id": attachment.pk,
        "file_id": file.pk,
        "delivery_id": Delivery.objects.get(message=message).pk,
    }


def path_of(name: str, things: dict[str, object]) -> str:
    route = next(route for route in urlpatterns if route.name == name)
    wanted = route.pattern.converters
    return reverse(name, kwargs={key: things[key] for key in wanted})


def visit(client: Client, name: str, things: dict[str, object]):
    method = client.post if name in POSTED else client.get
    return method(path_of(name, things))


@pytest.mark.parametrize("name", ALL)
def test_nobody_is_sent_to_sign_in(client, things, name):
    response = visit(client, name, things)

    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("name", sorted(set(ALL) - LISTS))
def test_a_thing_of_others_does_not_exist_for_a_stranger(page_of_stranger, things, name):
    assert visit(page_of_stranger, name, things).status_code == 404


@pytest.mark.parametrize("name", sorted(LISTS))
def test_lists_of_a_stranger_hold_nothing_of_others(page_of_stranger, things, name):
    ids = ",".join(str(each) for each in things.values())
    response = page_of_stranger.get(reverse(name), {"shown": ids, "held": things["draft_id"]})

    assert response.status_code == 200
    assert b"printer" not in response.content
    assert b"acme.example" not in response.content


@pytest.mark.parametrize("name", sorted(POSTED))
def test_a_viewer_does_nothing(page_of_vera, things, name):
    assert visit(page_of_vera, name, things).status_code == 403


@pytest.mark.parametrize("name", sorted(set(ALL) - POSTED - {"message-attachment"}))
def test_a_viewer_sees_everything(page_of_vera, things, name):
    if name == "dev-outbox-raw":  # what is named there came in, and was never ours to send
        assert visit(page_of_vera, name, things).status_code == 404
        return
    assert visit(page_of_vera, name, things).status_code == 200


def test_a_viewer_is_offered_no_decision_and_no_editor(page_of_vera, draft):
    shown = page_of_vera.get(f"/drafts/{draft.pk}").content.decode()

    assert "Approve" not in shown
    assert shown.count("readonly") == 4


@pytest.mark.parametrize("name", sorted(POSTED))
def test_deeds_are_not_done_by_following_a_link(page, things, name):
    assert page.get(path_of(name, things)).status_code == 405


@pytest.mark.parametrize("name", sorted(POSTED))
def test_deeds_without_a_token_are_refused(alice, things, name):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)

    assert visit(strict, name, things).status_code == 403


def test_a_signed_out_reader_of_a_fragment_is_led_to_sign_in(client, db):
    response = client.get("/queue/rows", headers={"HX-Request": "true"})

    assert (response.status_code, response["HX-Redirect"]) == (204, "/sign-in?next=/")


def test_a_signed_out_writer_keeps_the_page(client, draft):
    response = client.post(f"/drafts/{draft.pk}/edit", headers={"HX-Request": "true"})

    assert response.status_code == 401
    assert "HX-Redirect" not in response


def test_a_member_of_one_inbox_does_not_see_the_other(workspace, draft, alice, page):
    alice.memberships.update(inbox_ids=[])

    assert b"printer" not in page.get("/").content
    assert page.get(f"/drafts/{draft.pk}").status_code == 404


def test_what_is_not_there_is_told_in_plain_words(page, page_of_vera, draft):
    missing = page.get("/drafts/00000000-0000-0000-0000-000000000000")
    forbidden = page_of_vera.post(f"/drafts/{draft.pk}/approve")

    assert "Nothing here" in missing.content.decode()
    assert "Not allowed" in forbidden.content.decode()
