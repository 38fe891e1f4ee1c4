"""Junk in the dashboard: seen by who reads, moved by who writes, and in nobody else's hands."""

import re
from dataclasses import replace

import pytest
from django.core.management import call_command

from drafts.models import Draft
from inboxes.findings import Findings
from inboxes.marks import label_message
from inboxes.models import Inbox, Message
from tests.inboxes.letters import compose, deliver, envelope_for
from tests.pages.proposals import propose


def junked(inbox: Inbox, number: int = 1, *labels: str, **fields: str) -> Message:
    """Mail that a scanner put into Junk."""
    findings = Findings(labels=labels or ("spam",), warnings=("mixed_scripts",))
    fields = {"message_id": f"j{number}@spam.example", "subject": f"Cheap pills {number}", **fields}
    (message,) = deliver(replace(envelope_for(inbox), findings=findings), compose(**fields))
    return message


def where(message: Message) -> str:
    return Message.objects.get(pk=message.pk).entries.get().folder.role


def test_what_a_scanner_kept_out_is_there_with_its_marks_and_nowhere_else(page, inbox):
    junked(inbox)
    shown = page.get("/junk").content.decode()

    assert "Cheap pills 1" in shown
    assert '<span class="tag warn" title="It is in the Junk folder.">spam</span>' in shown
    assert "1 warning<" in shown
    assert "Cheap pills" not in page.get("/conversations").content.decode()


def test_the_rail_marks_the_list_that_a_message_is_in(page, inbox, draft):
    def marked(message_id: object) -> list[str]:
        shown = page.get(f"/messages/{message_id}").content.decode()
        return re.findall(r'href="([^"]*)" aria-current="page"', shown)

    assert marked(junked(inbox).pk) == ["/junk"]
    assert marked(draft.reply_to_message_id) == ["/conversations"]


def test_hostile_words_are_words(page, inbox):
    junked(inbox, subject="<script>alert(1)</script>")

    shown = page.get("/junk").content.decode()
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown


def test_not_junk_puts_it_into_the_inbox_and_says_so(page, inbox):
    message = junked(inbox)
    answer = page.post(
        f"/messages/{message.pk}/junk", {"what": "not junk", "from": "junk"}, follow=True
    )

    assert where(message) == "inbox"
    assert answer.redirect_chain == [("/junk", 302)]
    assert "Moved to the inbox." in answer.content.decode()
    assert "Cheap pills 1" in page.get("/conversations").content.decode()


def test_junk_takes_a_message_out_of_its_conversation(page, draft):
    message = draft.reply_to_message
    page.post(f"/messages/{message.pk}/junk", {"what": "junk"})

    assert where(message) == "junk"
    assert "My printer burns 1" in page.get("/junk").content.decode()


def test_a_row_that_was_moved_stays_and_can_be_put_back(page, inbox):
    message = junked(inbox)
    fragment = {"HX-Request": "true"}
    row = page.post(f"/messages/{message.pk}/junk", {"what": "not junk"}, headers=fragment)
    again = page.get("/junk", {"moved": str(message.pk)}, headers=fragment)

    for answer in (row, again):
        assert "in the inbox again" in answer.content.decode()
        assert 'value="junk"' in answer.content.decode()


def test_moving_to_where_it_is_changes_nothing(page, inbox):
    message = junked(inbox)
    answer = page.post(f"/messages/{message.pk}/junk", {"what": "junk"})

    assert (answer.status_code, where(message)) == (302, "junk")


@pytest.mark.parametrize("what", ["", "trash", "NOT JUNK"])
def test_there_are_two_ways_to_move(page, inbox, what):
    message = junked(inbox)

    assert page.post(f"/messages/{message.pk}/junk", {"what": what}).status_code == 404
    assert where(message) == "junk"


def test_an_infected_message_is_let_in_only_after_it_was_opened(page, inbox):
    message = junked(inbox, 1, "infected")

    assert "Not junk" not in page.get("/junk").content.decode()
    assert "It is clean: not junk" in page.get(f"/messages/{message.pk}").content.decode()


def test_what_is_sent_cannot_be_junk(page, inbox):
    message = junked(inbox)
    Message.objects.filter(pk=message.pk).update(direction="outbound")

    assert page.post(f"/messages/{message.pk}/junk", {"what": "not junk"}).status_code == 404


def test_a_viewer_reads_and_moves_nothing(page_of_vera, inbox):
    message = junked(inbox)
    shown = page_of_vera.get("/junk").content.decode()
    answer = page_of_vera.post(f"/messages/{message.pk}/junk", {"what": "not junk"})

    assert "Cheap pills 1" in shown
    assert "Not junk" not in shown
    assert (answer.status_code, where(message)) == (403, "junk")


def test_a_drafter_moves(client, dora, inbox):
    message = junked(inbox)
    client.force_login(dora)
    client.post(f"/messages/{message.pk}/junk", {"what": "not junk"})

    assert where(message) == "inbox"


def test_a_stranger_neither_sees_nor_moves(page_of_stranger, strange_inbox, inbox):
    message = junked(inbox)
    shown = page_of_stranger.get("/junk", {"moved": str(message.pk)}).content.decode()
    moved = page_of_stranger.post(f"/messages/{message.pk}/junk", {"what": "not junk"})

    assert "pills" not in shown
    assert (moved.status_code, where(message)) == (404, "junk")
    label_message(message, add=(), remove=["spam"])
    again = page_of_stranger.get("/junk", {"moved": str(message.pk)}).content.decode()
    assert "pills" not in again


def test_a_list_takes_no_more_queries_for_more_rows(page, inbox, django_assert_max_num_queries):
    for number in range(12):
        junked(inbox, number)

    with django_assert_max_num_queries(14):
        page.get("/junk")


def test_a_draft_for_mail_in_junk_says_so_and_waits_on(page, draft):
    label_message(draft.reply_to_message, add=["spam"], remove=())

    assert "answers Junk" in page.get("/").content.decode()
    assert "The mail it answers is in Junk." in page.get(f"/drafts/{draft.pk}").content.decode()
    assert "The mail it answers" in page.get(f"/drafts/{draft.pk}/state").content.decode()
    draft.refresh_from_db()
    assert draft.status == Draft.Status.PENDING


def test_a_draft_for_other_mail_says_nothing_of_junk(page, inbox, draft):
    label_message(propose(inbox, 2).reply_to_message, add=["spam"], remove=())

    assert "in Junk" not in page.get(f"/drafts/{draft.pk}").content.decode()


def test_a_pause_is_told_to_those_it_holds_and_to_no_stranger(page, page_of_stranger, inbox):
    call_command("sending", "pause", "--inbox", inbox.email, "--reason", "a spill")

    assert "a spill" in page.get("/pauses").content.decode()
    assert "a spill" not in page_of_stranger.get("/pauses").content.decode()
