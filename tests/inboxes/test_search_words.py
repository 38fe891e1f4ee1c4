"""What is typed into a search field, read."""

from datetime import UTC, datetime

import pytest

from inboxes.search_words import Term, read_words


@pytest.mark.parametrize(
    ("typed", "terms", "words"),
    [
        ("from:ann@x.example refund", [Term("from", "ann@x.example")], "refund"),
        ('subject:"last invoice"', [Term("subject", "last invoice")], ""),
        ("FROM:Ann -label:spam", [Term("from", "Ann"), Term("label", "spam", True)], ""),
        ("has:attachment is:unread", [Term("attachment", True), Term("unread", True)], ""),
        ("is:read", [Term("unread", False)], ""),
        ("before:2026-11-21", [Term("before", datetime(2026, 11, 21, tzinfo=UTC))], ""),
        ("after:2026/11/21", [Term("after", datetime(2026, 11, 21, tzinfo=UTC))], ""),
        ("colour:red has:wings", [], "colour:red has:wings"),
        ("before:yesterday is:", [], "before:yesterday is:"),
        ('"from:ann is here" or -"not so"', [], '"from:ann is here" or -"not so"'),
        ('"never closed from:ann', [], '"never closed from:ann'),
        ("http://x.example/from:ann", [], "http://x.example/from:ann"),
        ('label:"" from:', [], 'label:"" from:'),
        ("", [], ""),
    ],
)
def test_operators_are_told_from_words(typed, terms, words):
    wanted = read_words(typed)
    assert (list(wanted.terms), wanted.words) == (terms, words)


def test_ever_so_many_operators_are_words_in_the_end():
    assert len(read_words("label:x " * 200).terms) == 20
