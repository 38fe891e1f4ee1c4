"""What a message that came back says: kinds, recipients, codes, classes, words."""

import time

import pytest

from tests.tracking.reports_of import arf, dsn, plain
from tracking.report_reading import read_report
from tracking.reports import Class, Kind

ANN = "ann@customer.example"


def test_status_report_tells_recipient_code_class_words_and_the_message_that_it_is_about():
    report = read_report(dsn(ANN, message_id="abc@acme.example", mail_from="bounce+x@acme.example"))
    (verdict,) = report.verdicts

    assert (report.kind, verdict.kind, verdict.address) == (Kind.HARD, Kind.HARD, ANN)
    assert (verdict.why, verdict.status, verdict.reply_code) == (
        Class.MAILBOX_UNKNOWN,
        "5.1.1",
        550,
    )
    assert "User unknown" in verdict.words
    assert verdict.remote_mta == "mx.customer.example"
    assert report.original.message_id == "abc@acme.example"
    assert report.original.mail_from == "bounce+x@acme.example"


@pytest.mark.parametrize(
    ("status", "words", "kind", "why"),
    [
        ("5.1.1", "550 5.1.1 No such user here", Kind.HARD, Class.MAILBOX_UNKNOWN),
        ("5.1.2", "550 Host unknown", Kind.HARD, Class.DOMAIN_GONE),
        ("5.4.4", "Host or domain name not found. Name service error for name=gone.example type=A: "
                  "Host not found", Kind.HARD, Class.DOMAIN_GONE),
        ("5.1.10", "556 5.1.10 Recipient domain has a null MX", Kind.HARD, Class.NO_MAIL),
        ("5.2.2", "552 5.2.2 Mailbox full", Kind.SOFT, Class.MAILBOX_FULL),
        ("5.2.1", "550 5.2.1 This account has been disabled", Kind.HARD, Class.MAILBOX_DISABLED),
        ("5.1.1", "550 5.1.1 mailbox is over quota", Kind.SOFT, Class.MAILBOX_FULL),
        ("5.3.4", "552 message size exceeds fixed maximum message size", Kind.SOFT, Class.SIZE),
        ("5.7.1", "554 5.7.1 Client host blocked using zen.spamhaus.org", Kind.SOFT, Class.POLICY),
        ("5.7.26", "550 5.7.26 Unauthenticated email is not accepted", Kind.SOFT, Class.POLICY),
        ("5.7.1", "550 5.7.1 User unknown", Kind.SOFT, Class.POLICY),
        ("5.0.0", "554 Message looks like spam", Kind.SOFT, Class.SPAM),
        ("4.4.7", "delivery time expired", Kind.SOFT, Class.NETWORK),
        ("4.2.1", "450 greylisted, try again", Kind.SOFT, Class.RATE),
        ("5.4.6", "554 5.4.6 Too many hops", Kind.SOFT, Class.LOOP),
        ("4.1.1", "450 4.1.1 User unknown", Kind.SOFT, Class.MAILBOX_UNKNOWN),
        ("5.1.1", "550 Benutzer existiert nicht", Kind.HARD, Class.MAILBOX_UNKNOWN),
        ("5.0.0", "550 Utilisateur inconnu", Kind.HARD, Class.MAILBOX_UNKNOWN),
        ("5.0.0", "550 La cuota del buzon ha sido excedida", Kind.SOFT, Class.MAILBOX_FULL),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", Kind.HARD,
         Class.MAILBOX_UNKNOWN),
        ("5.0.0", "554 refused", Kind.SOFT, Class.OTHER),
    ],
)  # fmt: skip
def test_refusal_is_classed_by_words_then_code_and_blames_us_before_the_address(
    status, words, kind, why
):
    (verdict,) = read_report(dsn(ANN, status=status, words=words)).verdicts

    assert (verdict.kind, verdict.why) == (kind, why)


def test_refusal_in_answer_to_the_message_itself_does_not_condemn_the_address():
    words = "550 Unknown user (in reply to end of DATA command)"
    (verdict,) = read_report(dsn(ANN, status="5.0.0", words=words)).verdicts

    assert verdict.kind is Kind.SOFT


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("delayed", Kind.DELAYED),
        ("delivered", Kind.DELIVERED),
        ("relayed", Kind.DELIVERED),
        ("expanded", Kind.DELIVERED),
        ("failed (mailbox unavailable)", Kind.HARD),
    ],
)
def test_action_says_whether_it_is_a_failure(action, kind):
    assert read_report(dsn(ANN, action=action, status="5.1.1")).kind is kind


QMAIL = """\
Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@customer.example>:
192.0.2.1 does not like recipient.
Remote host said: 550 sorry, no mailbox here by that name (#5.1.1)
Giving up on 192.0.2.1.

<ben@customer.example>:
Remote host said: 552 5.2.2 mailbox full

--- Below this line is a copy of the message.

Return-Path: <bounce+token@acme.example>
From: support@acme.example
To: carol@customer.example
Message-ID: <original@acme.example>

Hello
"""
EXIM = """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@customer.example
    host mx.customer.example [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<ann@customer.example>:
    550 No such recipient

------ This is a copy of the message, including all the headers. ------

Message-ID: <original@acme.example>
To: ann@customer.example
"""
SENDMAIL = """\
The original message was received at Mon, 2 Mar 2026 09:00:00 GMT
from mail.acme.example [192.0.2.9]

   ----- The following addresses had permanent fatal errors -----
<ann@customer.example>
    (reason: 550 5.1.1 User unknown)

   ----- Transcript of session follows -----
... while talking to mx.customer.example.:
>>> RCPT To:<ann@customer.example>
<<< 550 5.1.1 User unknown
550 5.1.1 <ann@customer.example>... User unknown
"""
EXCHANGE = """\
Your message

  To:      Support
  Subject: About your order
  Sent:    Mon, 2 Mar 2026 10:00:00 -0000

did not reach the following recipient(s):

ann@customer.example on Mon, 2 Mar 2026 10:00:03 -0000
    The recipient name is not recognized
"""
NOTES = """\
Your message

  Subject: About your order

was not delivered to:

  ann@customer.example

because:

  User ann (ann@customer.example) not listed in Domino Directory
"""
YAHOO = """\
Sorry, we were unable to deliver your message to the following address.

<ann@customer.example>:
Remote host said:
550 5.1.1 <ann@customer.example>... User Unknown
 [RCPT_TO]
"""
GMAIL = """\
** Address not found **

Your message wasn't delivered to ann@customer.example because the address couldn't be found, or is
unable to receive mail.

The response from the remote server was:

550 5.1.1 The email account that you tried to reach does not exist.
"""
DRAGONFLY = """\
This is the DragonFly Mail Agent v0.13 at df.example.net.

There was an error delivering your mail to <ann@customer.example>.

mx.customer.example [192.0.2.1] did not like our RCPT TO:
550 5.1.1 User unknown

Message headers follow.
"""
GERMAN = """\
Ihre Nachricht konnte nicht zugestellt werden. Folgende Adressen sind fehlgeschlagen:

ann@customer.example
550 Empfänger unbekannt
"""


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (EXIM, "Mail delivery failed: returning message to sender"),
        (SENDMAIL, "Returned mail: see transcript for details"),
        (EXCHANGE, "Undeliverable: About your order"),
        (NOTES, "DELIVERY FAILURE: User ann not listed in Domino Directory"),
        (YAHOO, "Failure Notice"),
        (GMAIL, "Delivery Status Notification (Failure)"),
        (DRAGONFLY, "Mail delivery failed"),
        (GERMAN, "Unzustellbar: Ihre Bestellung"),
    ],
    ids=["exim", "sendmail", "exchange", "notes", "yahoo", "gmail", "dragonfly", "german"],
)
def test_notice_in_words_names_its_recipient(text, subject):
    report = read_report(plain(text, subject=subject), mail_from="")

    assert (report.kind, report.recipients) == (Kind.HARD, (ANN,))


def test_each_recipient_of_a_notice_has_its_own_reason():
    report = read_report(plain(QMAIL, subject="failure notice"), mail_from="")

    assert [(v.address, v.kind, v.why) for v in report.verdicts] == [
        (ANN, Kind.HARD, Class.MAILBOX_UNKNOWN),
        ("ben@customer.example", Kind.SOFT, Class.MAILBOX_FULL),
    ]
    assert report.original.message_id == "original@acme.example"
    assert report.original.mail_from == "bounce+token@acme.example"


def test_warning_in_words_is_a_delay_and_no_failure():
    text = (
        "THIS IS A WARNING MESSAGE ONLY.\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n"
        "Delivery to the following recipient has been delayed:\n\n     ann@customer.example\n\n"
        "Message will be retried for 2 more day(s)\n"
    )
    report = read_report(plain(text, subject="Delivery Status Notification (Delay)"), mail_from="")

    assert (report.kind, report.recipients) == (Kind.DELAYED, (ANN,))


def test_failed_recipients_field_is_believed():
    raw = plain("Sorry.", subject="Mail delivery failed", X_Failed_Recipients=f"{ANN}, b@c.example")

    assert read_report(raw, mail_from="").recipients == (ANN, "b@c.example")


@pytest.mark.parametrize("fields", ["Feedback-Type: abuse", "Feedback-Type: fraud"])
def test_complaint_names_its_kind_and_the_message(fields):
    report = read_report(arf(f"{fields}\nOriginal-Rcpt-To: <{ANN}>"))

    assert (report.kind, report.recipients) == (Kind.COMPLAINT, (ANN,))
    assert report.feedback_type == fields.partition(": ")[2]
    assert report.original.message_id == "original@acme.example"


def test_complaint_with_a_redacted_recipient_still_tells_the_message():
    report = read_report(arf("Feedback-Type: abuse", message_id="real@acme.example"))

    assert report.kind is Kind.COMPLAINT
    assert report.original.message_id == "real@acme.example"


ORDINARY = [
    plain("My parcel could not be delivered, it was returned to sender. Why?\n",
          subject="Delivery failed!", sender="ann@customer.example"),
    plain(f"Why do I get this?\n\n{EXIM}", subject="Fwd: Mail delivery failed: returning message",
          sender="ann@customer.example"),
    plain("I will be out of office, could you write to me next week?\n",
          subject="Next week", sender="ann@customer.example"),
    plain("Dear colleagues, please confirm the new rack by Friday.\n",
          subject="New rack", sender="postmaster@customer.example"),
    plain("The mailbox is full of letters. Is the user unknown?\n", subject="Re: Failure notice",
          sender="ann@customer.example"),
]  # fmt: skip


@pytest.mark.parametrize("raw", ORDINARY)
def test_ordinary_mail_is_left_alone(raw):
    assert read_report(raw, mail_from="ann@customer.example").kind is Kind.ORDINARY


def test_report_enclosed_in_a_persons_mail_is_no_report():
    inner = dsn(ANN)
    raw = (
        b"From: ann@customer.example\r\nSubject: What is this?\r\n"
        b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nI got this.\r\n"
        b"--c\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--c--\r\n"
    )

    assert read_report(raw, mail_from="ann@customer.example").kind is Kind.ORDINARY


def test_report_about_a_report_speaks_of_the_outer_one():
    inner = dsn("inner@customer.example").replace(b"=b=", b"=i=")
    outer = dsn("outer@customer.example").replace(
        b"Content-Type: text/rfc822-headers\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n" + inner,
    )

    assert read_report(outer).recipients == ("outer@customer.example",)


def test_read_receipt_is_neither_bounce_nor_mail_of_a_person():
    raw = plain("x", subject="Read: About your order", sender="ann@customer.example")
    raw = raw.replace(
        b'Content-Type: text/plain; charset="utf-8"',
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
    )

    assert read_report(raw, mail_from="").kind is Kind.RECEIPT


HEADER = b"Return-Path: <>\r\nFrom: MAILER-DAEMON@x.example\r\nSubject: Undelivered Mail\r\n"
REPORT = (
    HEADER + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
)
GROUP = b"Final-Recipient: rfc822; u@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
HOSTILE = {
    "colons": HEADER + b"\r\nuser" + b":" * 1_000_000,
    "spaces": HEADER + b"\r\nuser " + b" " * 1_000_000 + b"unknown",
    "at signs": HEADER + b"\r\n" + b"a@" * 500_000,
    "keywords": HEADER + b"\r\n" + b"user to address recipient unknown mailbox " * 25_000,
    "recipients": HEADER
    + b"\r\n"
    + b"".join(b"<u%d@b.example>: 550 user unknown\r\n" % i for i in range(30_000)),
    "groups": REPORT + GROUP * 20_000,
    "one field": REPORT
    + GROUP.strip()
    + b"\r\nDiagnostic-Code: smtp; "
    + b"exceeds quota " * 90_000,
    "brackets": REPORT + b"Final-Recipient: " + b"(<" * 200_000 + b"\r\nAction: failed\r\n",
    "json": HEADER + b'\r\n{"notificationType":' + b"[" * 100_000,
    "dates": HEADER + b"Auto-Submitted: auto-replied\r\n\r\n" + b"away 1 jan back until " * 50_000,
    "nested": b"".join(
        b"From: mailer-daemon@x\r\nContent-Type: multipart/report; report-type=delivery-status; "
        b"boundary=b%d\r\n\r\n--b%d\r\nContent-Type: message/rfc822\r\n\r\n" % (i, i)
        for i in range(5000)
    ),
    "nothing": b"",
    "binary": bytes(range(256)) * 2000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_reports_take_bounded_time_and_name_a_bounded_number(raw):
    began = time.process_time()

    report = read_report(raw, mail_from="")

    assert time.process_time() - began < 5  # a tenth of a second, where nobody else works
    assert len(report.verdicts) <= 100
    assert all(len(verdict.words) <= 1000 for verdict in report.verdicts)
