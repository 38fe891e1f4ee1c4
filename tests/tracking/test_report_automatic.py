"""Automatic replies: when somebody is back, and whom to write to instead."""

from datetime import date

import pytest

from tests.tracking.reports_of import plain
from tracking.report_reading import read_report
from tracking.reports import Kind

AWAY = "Automatic reply: About your order"


def absence(text: str, *, subject: str = AWAY):
    raw = plain(text, subject=subject, sender="ann@customer.example", Auto_Submitted="auto-replied")
    return read_report(raw, mail_from="ann@customer.example")


@pytest.mark.parametrize(
    ("text", "back_on"),
    [
        ("I am out of the office and will be back on 16 March 2026.", date(2026, 3, 16)),
        ("I'm on vacation until March 16th. Cheers", date(2026, 3, 16)),
        ("I am away from 2 March to 13 March and return on Monday, March 16, 2026.",
         date(2026, 3, 16)),
        ("Ich bin bis 16.03.2026 im Urlaub.", date(2026, 3, 16)),
        ("Ich bin ab dem 16. März wieder erreichbar.", date(2026, 3, 16)),
        ("Je suis absent jusqu'au 16 mars 2026.", date(2026, 3, 16)),
        ("Estoy de vacaciones hasta el 16 de marzo.", date(2026, 3, 16)),
        ("Out of office until 2026-03-16.", date(2026, 3, 16)),
        ("I am out of office until 3/16/2026.", date(2026, 3, 16)),
        ("I am out of the office until 5 January.", date(2027, 1, 5)),
        ("休暇のため、3月16日まで不在です。", date(2026, 3, 16)),
        ("I am out of the office with no access to mail.", None),
        ("I was out of office until 16 March 2019.", None),
        ("I am out of office until 99/99/9999.", None),
    ],
)  # fmt: skip
def test_return_date_is_read_as_stated(text, back_on):
    report = absence(text)

    assert (report.kind, report.back_on) == (Kind.OUT_OF_OFFICE, back_on)


@pytest.mark.parametrize(
    ("text", "substitutes"),
    [
        ("I am out of office. Please contact ben@customer.example.", ("ben@customer.example",)),
        ("Bin im Urlaub. In dringenden Fällen wenden Sie sich an ben@customer.example.",
         ("ben@customer.example",)),
        ("I am on leave. Urgent? Write to <ben@customer.example> or <eve@customer.example>",
         ("ben@customer.example", "eve@customer.example")),
        ("I am out of office. My address stays ann@customer.example, contact me there.", ()),
        ("I am out of office. Contact support@acme.example.", ()),
        ("I am out of office.", ()),
    ],
)  # fmt: skip
def test_substitutes_are_others_who_are_named(text, substitutes):
    assert absence(text).substitutes == substitutes


def test_automatic_reply_of_another_sort_is_no_absence():
    report = absence("We have received your message, ticket 17.", subject="Ticket 17 received")

    assert report.kind is Kind.AUTOMATIC_REPLY


def test_challenge_is_told_apart():
    text = "Your message is held until you confirm that you are human: http://spam.example/x"

    assert absence(text, subject="Please confirm your message").kind is Kind.CHALLENGE
