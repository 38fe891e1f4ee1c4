"""What follows from what comes back: once, for those whom it is about, and for nobody else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event
from inboxes.models import Message
from inboxes.recipients import find_recipient
from outbound.models import Delivery, Suppression
from outbound.recording import record
from outbound.suppression import Reason, suppress, suppressed
from outbound.transports.protocol import Result
from tests.outbound.mail import claimed, queued
from tests.tracking.reports_of import arf, dsn, plain
from tests.tracking.returned import come_back, left, signed, status_of, told
from tracking import bounces
from tracking.models import Absence, DeliveryReport

ANN, BEN = "ann@customer.example", "ben@customer.example"
FULL = "552 5.2.2 Mailbox full"


def suppressions() -> dict[str, str]:
    return dict(Suppression.objects.values_list("address", "reason"))


def test_hard_bounce_fails_the_delivery_tells_it_and_suppresses_the_address(inbox):
    message = left(inbox, ANN)

    come_back(dsn(ANN), signed(message))

    assert status_of(message) == ("failed", ["failed"])
    assert told(message) == ["message.bounced"]
    assert suppressions() == {ANN: "bounce"}
    delivery = message.deliveries.get()
    assert "User unknown" in delivery.last_reply
    assert delivery.last_code == 550


def test_report_for_a_signed_address_is_nobodys_mail(inbox):
    message = left(inbox, ANN)

    assert come_back(dsn(ANN), signed(message)) == []

    assert not Message.objects.filter(direction="inbound").exists()
    assert not Event.objects.filter(type="message.received").exists()


def test_report_keeps_the_servers_words_and_its_octets(inbox):
    message = left(inbox, ANN)
    raw = dsn(ANN)

    come_back(raw, signed(message))

    report = DeliveryReport.objects.get()
    assert (report.kind, report.why, report.status) == ("hard", "mailbox_unknown", "5.1.1")
    assert (report.state, report.matched_by, report.source) == ("counted", "token", "mail")
    assert bytes(report.octets) == raw


def test_repeated_report_changes_nothing(inbox):
    message = left(inbox, ANN)

    for number in range(3):
        come_back(dsn(ANN, report_id=f"again-{number}"), signed(message))

    assert told(message) == ["message.bounced"]
    assert DeliveryReport.objects.get().times == 3


def test_report_about_somebody_else_is_kept_and_changes_nothing(inbox):
    message = left(inbox, ANN)

    come_back(dsn("victim@customer.example"), signed(message))

    assert status_of(message) == ("sent", ["sent"])
    assert told(message) == []
    assert suppressions() == {}
    assert DeliveryReport.objects.get().state == "other_recipient"


def test_reports_about_strangers_do_not_pile_up(inbox):
    message = left(inbox, ANN)

    for number in range(30):
        come_back(dsn(f"victim{number}@customer.example"), signed(message))

    assert DeliveryReport.objects.count() == bounces.STRANGERS_LIMIT


@pytest.mark.parametrize(
    "forge",
    [
        lambda address: address.replace("bounce+", "bounce+a", 1),
        lambda address: "bounce+" + "a" * 40 + "@acme.example",
        lambda address: address.replace("@acme.example", "@elsewhere.example"),
        lambda address: "bounce+" + "a" * 300 + "@acme.example",
        lambda address: address[:-20] + "@acme.example",
    ],
)
def test_address_that_we_did_not_sign_is_no_recipient(inbox, strange_inbox, forge):
    address = signed(left(inbox, ANN))

    assert find_recipient(address) is not None
    assert find_recipient(forge(address)) is None


def test_signed_address_is_found_whatever_its_case_and_below_the_return_path_domain(inbox):
    address = signed(left(inbox, ANN))
    local_part, _, domain = address.partition("@")

    assert len(local_part) <= 64
    assert find_recipient(address.upper())
    assert find_recipient(f"{local_part}@bounce.{domain}")


def test_one_of_two_recipients_bounces(inbox):
    message = left(inbox, ANN, BEN)

    come_back(dsn(BEN), signed(message))

    assert status_of(message) == ("partly_sent", ["sent", "failed"])
    assert suppressions() == {BEN: "bounce"}
    event = Event.objects.get(type="message.bounced")
    assert event.payload["recipients"] == [BEN]


def test_a_late_bounce_leaves_the_time_of_sending_as_it_was(inbox):
    message = left(inbox, ANN, BEN)
    sent_at = timezone.now() - timedelta(days=1)
    Message.objects.filter(pk=message.pk).update(sent_at=sent_at)

    come_back(dsn(BEN), signed(message))

    message.refresh_from_db()
    assert (message.status, message.sent_at) == ("partly_sent", sent_at)


def test_original_recipient_counts_where_mail_was_forwarded(inbox):
    message = left(inbox, ANN)
    raw = dsn("inner@hidden.example").replace(
        b"Original-Recipient: rfc822;inner@hidden.example",
        b"Original-Recipient: rfc822;" + ANN.encode(),
    )

    come_back(raw, signed(message))

    assert status_of(message) == ("failed", ["failed"])


def test_delay_is_told_and_is_no_failure(inbox):
    message = left(inbox, ANN)

    come_back(dsn(ANN, action="delayed", status="4.4.1"), signed(message))

    assert status_of(message) == ("sent", ["sent"])
    assert told(message) == ["message.delayed"]
    assert suppressions() == {}


def test_policy_refusal_blames_us_and_suppresses_nobody(inbox):
    message = left(inbox, ANN)

    come_back(dsn(ANN, status="5.7.1", words="550 5.7.1 User unknown"), signed(message))

    assert status_of(message) == ("failed", ["failed"])
    assert suppressions() == {}


def soft_ones(inbox, *days: float) -> None:
    for number, days_ago in enumerate(days):
        message = left(inbox, ANN, days_ago=days_ago)
        come_back(dsn(ANN, status="5.2.2", words=FULL, report_id=f"r{number}"), signed(message))
        at = timezone.now() - timedelta(days=days_ago)
        DeliveryReport.objects.filter(message=message).update(created_at=at)


def test_three_soft_ones_in_a_row_over_72_hours_suppress_for_a_while(inbox):
    soft_ones(inbox, 4, 2)
    assert suppressions() == {}

    soft_ones(inbox, 0)

    entry = Suppression.objects.get()
    assert (entry.reason, entry.expires_at is None) == ("bounce", False)


@pytest.mark.parametrize("days", [(0.2, 0.1, 0), (4, 0)], ids=["within hours", "two"])
def test_fewer_or_quicker_soft_ones_suppress_nobody(inbox, days):
    soft_ones(inbox, *days)

    assert suppressions() == {}


def test_delivery_that_stayed_ends_a_row_of_soft_ones(inbox):
    soft_ones(inbox, 5, 4)
    left(inbox, ANN, days_ago=2)

    soft_ones(inbox, 0)

    assert suppressions() == {}


def test_complaint_is_told_and_suppresses(inbox):
    message = left(inbox, ANN)

    come_back(arf("Feedback-Type: abuse", message_id=message.header_message_id), inbox.email)

    assert told(message) == ["message.complained"]
    assert suppressions() == {ANN: "complaint"}
    assert status_of(message) == ("sent", ["sent"])


@pytest.mark.parametrize("feedback", ["not-spam", "auth-failure"])
def test_feedback_that_accuses_nobody_has_no_effect(inbox, feedback):
    message = left(inbox, ANN)

    raw = arf(f"Feedback-Type: {feedback}", message_id=message.header_message_id)
    come_back(raw, signed(message), mail_from="fbl@isp.example")

    assert told(message) == []
    assert suppressions() == {}


def test_report_in_an_inbox_is_matched_by_the_message_id_and_labelled(inbox):
    message = left(inbox, ANN)

    (stored,) = come_back(dsn(ANN, message_id=message.header_message_id), inbox.email)

    assert status_of(message) == ("failed", ["failed"])
    assert DeliveryReport.objects.get().matched_by == "message_id"
    stored.refresh_from_db()
    assert stored.labels == ["report"]
    assert stored.metadata["report"]["state"] == "matched"
    assert stored.is_automated


def test_report_without_a_message_id_is_matched_by_recipient_and_time_and_suppresses_nobody(inbox):
    message = left(inbox, ANN)

    raw = dsn(ANN).replace(b"Message-ID: <original@acme.example>\r\n", b"")
    come_back(raw, inbox.email)

    assert status_of(message) == ("failed", ["failed"])
    assert DeliveryReport.objects.get().matched_by == "recipient"
    assert suppressions() == {}


def test_report_about_mail_that_we_never_sent_says_so_and_changes_nothing(inbox):
    message = left(inbox, ANN)

    (stored,) = come_back(dsn(ANN, message_id="nobody@knows.example"), inbox.email)

    assert status_of(message) == ("sent", ["sent"])
    stored.refresh_from_db()
    assert stored.metadata["report"]["state"] == "unmatched"
    assert "User unknown" in stored.metadata["report"]["words"]


def test_report_in_a_strangers_inbox_reaches_none_of_our_mail(inbox, strange_inbox):
    message = left(inbox, ANN)

    come_back(dsn(ANN, message_id=message.header_message_id), strange_inbox.email)

    assert status_of(message) == ("sent", ["sent"])


def test_automatic_reply_to_the_return_path_is_mail_for_the_inbox(inbox):
    message = left(inbox, ANN)
    raw = plain(
        "I am out of office until 2099-01-05. Please contact ben@customer.example.",
        subject="Automatic reply",
        sender=ANN,
        date="Mon, 1 Dec 2098 10:00:00 +0000",
        Auto_Submitted="auto-replied",
    )

    (stored,) = come_back(raw, signed(message))

    assert stored.is_automated
    assert told(message) == []
    absence = Absence.objects.get()
    assert (absence.address, str(absence.back_on)) == (ANN, "2099-01-05")
    assert absence.write_to == [BEN]


def test_mail_from_an_address_releases_it(inbox):
    suppress(inbox.workspace, ANN, Reason("bounce"), by="test")
    suppress(inbox.workspace, BEN, Reason("manual"), by="test")

    for sender in (ANN, BEN):
        come_back(plain("I am here.", subject="Hi", sender=sender), inbox.email, mail_from=sender)

    assert suppressions() == {BEN: "manual"}


def test_automatic_mail_from_an_address_releases_nothing(inbox):
    suppress(inbox.workspace, ANN, Reason("bounce"), by="test")

    raw = plain("Hi", subject="Hi", sender=ANN, Auto_Submitted="auto-replied")
    come_back(raw, inbox.email, mail_from=ANN)

    assert suppressions() == {ANN: "bounce"}


def test_suppression_by_hand_is_not_overwritten_by_a_bounce(inbox):
    message = left(inbox, ANN)
    suppress(inbox.workspace, ANN, Reason("manual"), by="alice")

    come_back(dsn(ANN), signed(message))

    assert suppressions() == {ANN: "manual"}


def refused_in_session(inbox, words: str, code: int) -> Message:
    message = queued(inbox, ANN)
    result = Result(ANN, "failed", code, words, "mx.customer.example")
    record(claimed(message), [result], {}, started=timezone.now())
    return message


def test_refusal_in_the_session_is_a_bounce_told_once(inbox):
    message = refused_in_session(inbox, "5.1.1 No such user", 550)

    assert told(message).count("message.bounced") == 1
    assert suppressions() == {ANN: "bounce"}
    assert DeliveryReport.objects.get().source == "smtp"


def test_soft_refusal_in_the_session_suppresses_nobody(inbox):
    refused_in_session(inbox, "5.7.1 Blocked", 550)

    assert suppressions() == {}


def test_providers_webhook_does_the_same_deed(inbox):
    message = left(inbox, ANN)
    delivery = Delivery.objects.get(message=message)

    first = bounces.note_bounce(delivery, hard=True, words="gone", source="postmark")
    again = bounces.note_bounce(delivery, hard=True, words="gone", source="postmark")
    bounces.note_complaint(delivery, source="postmark")

    assert (first, again) == (True, False)
    assert told(message) == ["message.bounced", "message.complained"]
    assert suppressions() == {ANN: "complaint"}


def test_bounce_of_mail_that_never_left_changes_nothing(inbox):
    message = queued(inbox, ANN)

    come_back(dsn(ANN), signed(message))

    assert status_of(message) == ("queued", ["queued"])
    assert suppressions() == {}


def test_suppression_that_expired_stops_nobody(inbox):
    past = timezone.now() - timedelta(seconds=1)
    suppress(inbox.workspace, ANN, Reason("bounce", expires_at=past), by="test")

    assert suppressed(inbox.workspace_id, [ANN]) == {}
