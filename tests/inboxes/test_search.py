"""What is found in full text."""

import pytest

from inboxes.details import message_details
from inboxes.models import Message
from inboxes.search import cut, search
from tests.inboxes.letters import arrive, subjects


@pytest.fixture
def mail(inbox):
    arrive(
        inbox,
        message_id="1@x.example",
        subject="Broken printer",
        body="The red lamp blinks. Ordnung muss sein.",
    )
    arrive(
        inbox,
        message_id="2@x.example",
        subject="Invoice",
        sender="Bob Builder <bob@tools.example>",
        body="A lamp that is red? The printer works.",
    )


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("printer", ["Broken printer", "Invoice"]),
        ("PRINTER blinks", ["Broken printer"]),
        ('"red lamp"', ["Broken printer"]),
        ("printer -invoice", ["Broken printer"]),
        ("blinks or works", ["Broken printer", "Invoice"]),
        ("bob@tools.example", ["Invoice"]),
        ("tools.example", ["Invoice"]),
        ("builder", ["Invoice"]),
        ("nowhere", []),
        ("", ["Broken printer", "Invoice"]),
        ("\0 '\"(:*&|!", ["Broken printer", "Invoice"]),
    ],
)
def test_words_phrases_and_addresses_are_found(mail, q, found):
    assert sorted(subjects(list(search(Message.objects.all(), q)))) == found or (
        "\0" in q and not list(search(Message.objects.all(), q))
    )


def test_a_cut_never_parts_a_character():
    assert cut("\u00e9" * 10, 5) == "\u00e9\u00e9"
    assert cut("short", 100) == "short"


def test_bodies_are_fetched_for_many_messages_in_one_query(mail, django_assert_num_queries):
    ids = list(Message.objects.values_list("pk", flat=True))

    with django_assert_num_queries(1):
        details = message_details(ids)

    assert set(details) == set(ids)
    assert {"plain_body", "html_body", "reply_text"} == set(details[ids[0]])
