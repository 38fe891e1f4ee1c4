"""Mail that no person wrote."""

import pytest

from inboxes.automatic import automatic_reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied"),
        ("auto-submitted", "auto-generated; owner-email=ann@b.example"),
        ("Auto-Submitted", "(vacation) auto-replied"),
        ("Precedence", "bulk"),
        ("Precedence", "LIST"),
        ("Precedence", "junk"),
        ("Precedence", "auto_reply"),
        ("List-Id", "<users.lists.example>"),
        ("List-Unsubscribe", "<mailto:leave@lists.example>"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Auto-Response-Suppress", "DR, OOF, AutoReply"),
        ("X-Autoreply", "yes"),
        ("X-FC-MachineGenerated", "true"),
        ("X-MS-Exchange-Inbox-Rules-Loop", "ann@b.example"),
        ("Content-Type", 'multipart/report; report-type=delivery-status; boundary="x"'),
        ("From", "Mail Delivery System <MAILER-DAEMON@mx.example>"),
        ("Return-Path", "<>"),
        ("Subject", "Automatic reply: Order 7"),
        ("Subject", "Abwesenheitsnotiz: Order 7"),
    ],
)
def test_marks_of_automatic_mail_are_seen(name, value):
    assert automatic_reason([("Received", "x"), (name, value)], "ann@b.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "no"),
        ("Auto-Submitted", "No (a person)"),
        ("Auto-Submitted", ""),
        ("Precedence", "first-class"),
        ("X-Auto-Response-Suppress", "DR, RN, NRN"),
        ("X-FC-MachineGenerated", "false"),
        ("Content-Type", "multipart/mixed"),
        ("Subject", "Re: Automatic reply: Order 7"),
        ("Subject", "I want no automatic reply"),
        ("From", "No Reply <noreply@shop.example>"),
    ],
)
def test_what_people_send_is_not_automatic(name, value):
    assert automatic_reason([(name, value)], "ann@b.example") == ""


@pytest.mark.parametrize(
    "mail_from",
    [
        "",
        "<>",
        "MAILER-DAEMON@mx.example",
        "owner-users@lists.example",
        "users-bounces@lists.example",
    ],
)
def test_the_envelope_sender_tells_too(mail_from):
    assert automatic_reason([], mail_from)


def test_the_reason_is_in_words():
    assert (
        automatic_reason([("Auto-Submitted", "auto-replied")], "a@b.example")
        == "auto-submitted: auto-replied"
    )
