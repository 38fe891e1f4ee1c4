"""Ids, subjects, and who answers whom."""

import time

import pytest

from inboxes.references import (
    Threadable,
    ancestors,
    base_subject,
    group,
    is_reply_subject,
    parse_message_ids,
    reply_references,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<a@b.example>", ("a@b.example",)),
        ("<a@b.example> <c@d.example>", ("a@b.example", "c@d.example")),
        ("<a@b.example><c@d.example>", ("a@b.example", "c@d.example")),
        ("<a@b.example>, <c@d.example>", ("a@b.example", "c@d.example")),
        ("<a@b.example> (garbage) <a@b.example>", ("a@b.example",)),
        ("Your message of Monday <a@b.example>", ("a@b.example",)),
        ("<a\n b@c.example>", ("ab@c.example",)),
        ("<odd id>", ("oddid",)),
        ("<no-at-sign>", ("no-at-sign",)),
        ("<ref-í>", ("ref-í",)),
        ("a@b.example", ("a@b.example",)),
        ("a@b.example c@d.example", ("a@b.example", "c@d.example")),
        ("a@b.example (comment)", ("a@b.example",)),
        ("ann@b.example's message of Monday", ()),
        ("<cut.off@b.exam", ()),
        ("<a@b.example> <cut.off@b.exam", ("a@b.example",)),
        ("<>", ()),
        ("< >", ()),
        ("prose only", ()),
        ("<" + "a" * 999 + ">", ()),
        ("", ()),
    ],
)
def test_ids_are_read_from_what_senders_write(value, expected):
    assert parse_message_ids(value) == expected


def test_the_nearest_candidate_comes_first():
    assert ancestors(("c@x",), ("a@x", "b@x", "c@x")) == ("c@x", "b@x", "a@x")
    assert ancestors((), ()) == ()


def test_a_reply_refers_to_its_parent_last():
    assert reply_references(("a@x", "b@x"), "c@x") == ("a@x", "b@x", "c@x")
    assert reply_references((), "c@x") == ("c@x",)
    assert reply_references(("c@x", "a@x"), "c@x") == ("a@x", "c@x")


def test_long_references_keep_the_first_and_the_last_ones():
    line = reply_references([f"{n}@x" for n in range(50)], "parent@x")

    assert len(line) == 20
    assert line[0] == "0@x"
    assert line[-2:] == ("49@x", "parent@x")


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Re: Order 7", "Order 7"),
        ("RE: re: Fwd: Order 7 (fwd)", "Order 7"),
        ("Re[4]: Order 7", "Order 7"),
        ("AW: WG: Order 7", "Order 7"),
        ("SV: VS: Order 7", "Order 7"),
        ("回复：Order 7", "Order 7"),
        ("[list] Re: [list] Order 7", "Order 7"),
        ("[fwd: Order 7]", "Order 7"),
        ("[xyz]", "[xyz]"),
        ("Order: 7", "Order: 7"),
        ("Regarding: 7", "Regarding: 7"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_the_base_subject_has_no_marks(subject, expected):
    assert base_subject(subject) == expected


@pytest.mark.parametrize(
    "subject",
    [
        "Re: x",
        "re : x",
        "RE[2]: x",
        "Re^2: x",
        "Re(3): x",
        "AW: x",
        "Antw: x",
        "SV: x",
        "[list] Re: x",
        "回复：x",
    ],
)
def test_a_subject_in_the_shape_of_a_reply_is_known(subject):
    assert is_reply_subject(subject)


@pytest.mark.parametrize(
    "subject", ["x", "", "Report: x", "Fwd: x", "Really: x", "12: x", "Order Re: x"]
)
def test_other_subjects_are_no_replies(subject):
    assert not is_reply_subject(subject)


@pytest.mark.parametrize(
    "piece", ["re: ", "[", "[a]", "(fwd) ", "[fwd:", "<", "(", "a@", "\t", "re[", "]"]
)
def test_purpose_made_subjects_and_ids_take_no_time(piece):
    text = piece * (64 * 1024 // len(piece))
    started = time.monotonic()
    base_subject(text)
    is_reply_subject(text)
    parse_message_ids(text)
    assert time.monotonic() - started < 1


def test_a_message_that_refers_to_itself_or_in_a_circle_is_grouped_once():
    one = Threadable("a@x", ("a@x", "b@x"), ("b@x", "a@x"))
    other = Threadable("b@x", ("a@x",), ())
    assert group([one, other]) == [[0, 1]]


def test_messages_without_ids_stay_apart():
    assert group([Threadable("", (), ()), Threadable("", (), ())]) == [[0], [1]]


def test_answers_to_a_message_never_seen_belong_together():
    first = Threadable("a@x", ("lost@x",), ())
    second = Threadable("b@x", ("lost@x",), ())
    assert group([first, second, Threadable("c@x", (), ())]) == [[0, 1], [2]]
