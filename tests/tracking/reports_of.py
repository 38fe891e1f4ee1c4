"""Reports as servers write them."""

from email.message import EmailMessage

DSN = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <{report_id}@mx.example.net>
Date: Mon, 2 Mar 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b="

--=b=
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.net.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<{address}>: {words}

--=b=
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.customer.example
Diagnostic-Code: smtp; {words}

--=b=
Content-Type: text/rfc822-headers

Return-Path: <{mail_from}>
From: Acme Support <support@acme.example>
To: {address}
Subject: About your order
Message-ID: <{message_id}>

--=b=--
"""

UNKNOWN = "550 5.1.1 <{address}>: Recipient address rejected: User unknown"


def dsn(
    address: str,
    *,
    to: str = "support@acme.example",
    status: str = "5.1.1",
    action: str = "failed",
    words: str = "",
    message_id: str = "original@acme.example",
    mail_from: str = "",
    report_id: str = "report-1",
) -> bytes:
    """A report after RFC 3464, as Postfix writes it."""
    text = DSN.format(
        address=address,
        to=to,
        status=status,
        action=action,
        words=words or UNKNOWN.format(address=address),
        message_id=message_id,
        mail_from=mail_from,
        report_id=report_id,
    )
    return text.replace("\n", "\r\n").encode()


def arf(fields: str, *, message_id: str = "original@acme.example", rcpt: str = "") -> bytes:
    """A complaint after RFC 5965."""
    text = f"""\
From: <abuse@isp.example>
To: <fbl@acme.example>
Subject: FW: About your order
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="=b="

--=b=
Content-Type: text/plain

This is an email abuse report.

--=b=
Content-Type: message/feedback-report

User-Agent: SomeGenerator/1.0
Version: 1
{fields.strip()}

--=b=
Content-Type: message/rfc822

From: Acme Support <support@acme.example>
To: <{rcpt or "redacted@isp.example"}>
Message-ID: <{message_id}>
Subject: About your order

Hello

--=b=--
"""
    return text.replace("\n", "\r\n").encode()


def plain(
    text: str,
    *,
    subject: str,
    sender: str = "MAILER-DAEMON@mx.example.net",
    date: str = "Mon, 2 Mar 2026 10:00:00 +0000",
    **fields: str,
) -> bytes:
    """A message in words."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "support@acme.example"
    message["Subject"] = subject
    message["Date"] = date
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()
