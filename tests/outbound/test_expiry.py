"""Mail that is given up: the inbox that sent it gets a report, as any mail server would send it."""

import email
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from inboxes.models import Message, MessageRaw
from outbound import attempts, expiry
from outbound.delivery_reports import Report, Undelivered, compose_report
from outbound.models import Delivery
from tests.outbound.mail import claimed, due_now, queued, statuses
from tests.outbound.scripted_smtp import Script

WORDS = "4.2.2 mailbox full"


@pytest.fixture
def expired(inbox, server, way_out) -> Message:
    """A message that a server put off until it was given up."""
    way_out(server(Script(on_dot=f"452 {WORDS}")))
    message = queued(inbox, "ann@customer.example", "bob@other.example")
    began = timezone.now() - timedelta(days=5)
    Delivery.objects.filter(message=message).update(first_attempt_at=began)
    attempts.attempt(claimed(message))
    return message


def reports() -> list[Message]:
    return list(Message.objects.filter(direction="inbound").order_by("created_at"))


def test_the_report_is_a_delivery_status_notification_with_the_servers_words(expired):
    assert expiry.report_expired() == 1

    (filed,) = reports()
    raw = bytes(MessageRaw.objects.get(message=filed).octets)
    report = email.message_from_bytes(raw)
    assert (report.get_content_type(), report.get_param("report-type")) == (
        "multipart/report",
        "delivery-status",
    )
    _, status, header = report.get_payload()
    of_message, of_recipient = status.get_payload()
    assert of_message["Reporting-MTA"].startswith("dns; ")
    assert of_recipient["Final-Recipient"] == "rfc822; ann@customer.example"
    assert (of_recipient["Action"], of_recipient["Status"]) == ("failed", "5.4.7")
    assert "mailbox full" in of_recipient["Diagnostic-Code"]
    assert expired.header_message_id in header.get_payload()
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_the_report_stands_on_the_thread_and_is_no_mail_to_answer(expired):
    expiry.report_expired()

    (filed,) = reports()
    assert filed.thread_id == expired.thread_id
    assert (filed.is_automated, filed.mail_from) == (True, "")
    assert "mailbox full" in filed.plain_body


def test_it_is_filed_once(expired):
    expiry.report_expired()
    Delivery.objects.filter(message=expired, status="failed").update(report_due=True)
    expiry.report_expired()

    assert len(reports()) == 1
    assert expiry.report_expired() == 0


def test_what_a_server_refuses_outright_is_not_reported_as_expired(inbox, server, way_out):
    way_out(server(Script(on_dot="550 5.1.1 no such user")))
    message = queued(inbox)

    attempts.attempt(claimed(message))

    assert statuses(message) == ["failed"]
    assert expiry.report_expired() == 0


def test_a_message_may_ask_for_less_than_five_days(inbox, server, way_out):
    way_out(server(Script(on_dot="451 4.3.0 later")))
    message = queued(inbox)
    now = timezone.now()
    began = now - timedelta(seconds=590)
    Delivery.objects.filter(message=message).update(
        expires_at=began + timedelta(minutes=10), first_attempt_at=began
    )
    due_now(message)

    attempts.attempt(claimed(message))

    assert statuses(message) == ["failed"]
    assert expiry.report_expired() == 1


def test_what_is_beyond_ascii_is_escaped_in_the_report():
    at = datetime(2026, 11, 21, 4, tzinfo=UTC)
    joerg = Undelivered("j\u00f6rg@bücher.example", 452, "Gr\u00f6\u00dfe\r\nX: y", "", 3, at)
    raw = compose_report(
        Report("r@x", "mx.x", "a@x", at, b"Subject: \xff\r\n", "m@x", "Grüße", at, [joerg])
    )

    _, status, _ = email.message_from_bytes(raw).get_payload()
    fields = status.get_payload()[1]
    assert fields["Final-Recipient"] == r"utf-8; j\x{F6}rg@b\x{FC}cher.example"
    assert fields["Diagnostic-Code"] == r"smtp; 452 Gr\x{F6}\x{DF}e X: y"
    assert raw.isascii()
