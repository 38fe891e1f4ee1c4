"""Out by SMTP, back by SMTP: a message leaves for a server, whose report comes to the signed
address, and nobody writes there any more."""

import smtplib
from collections.abc import Iterator

import pytest

from events.models import Event
from inboxes.models import Inbox, Message
from outbound import attempts
from outbound.models import Suppression
from tests.api.conftest import Client
from tests.conftest import make_key
from tests.outbound.mail import claimed, due_now
from tests.outbound.scripted_smtp import Script, ScriptedServer
from tests.servers.running import Running, running
from tests.tracking.reports_of import dsn
from tests.tracking.returned import status_of

ANN = "ann@customer.example"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def theirs(settings) -> Iterator[ScriptedServer]:
    """The server that all mail of ours goes to."""
    server = ScriptedServer(Script())
    settings.TRANSPORT = f"smtp://127.0.0.1:{server.port}?tls=never"
    attempts.transport.cache_clear()
    yield server
    attempts.transport.cache_clear()
    server.close()


@pytest.fixture
def ours(inbox) -> Iterator[Running]:
    """Our own mail port."""
    with running() as server:
        yield server


def send(inbox: Inbox, to: str):
    Inbox.objects.filter(pk=inbox.pk).update(review_mode="off", hold_seconds=0)
    body = {"to": to, "subject": "Your order", "plainBody": "It is on its way."}
    return Client(make_key(inbox)).post(f"/v1/inboxes/{inbox.pk}/send", body)


def left_for(theirs: ScriptedServer, inbox: Inbox) -> tuple[Message, str]:
    """The message that their server took, and its envelope sender."""
    assert send(inbox, ANN).status_code == 200
    message = Message.objects.get(direction="outbound")
    due_now(message)
    attempts.attempt(claimed(message))
    command = next(each for each in theirs.seen.commands if each.startswith("MAIL"))
    return message, command.partition("<")[2].partition(">")[0]


def bring(ours: Running, raw: bytes, to: str) -> tuple[int, bytes]:
    """What our port answers to a report for `to`: at RCPT if it refuses, else at the end."""
    with ours.client() as smtp:
        smtp.mail("")
        reply = smtp.rcpt(to)
        return smtp.data(raw) if reply[0] == 250 else reply


def test_bounce_comes_back_to_the_signed_address_and_stops_the_next_message(inbox, theirs, ours):
    message, mail_from = left_for(theirs, inbox)
    assert status_of(message) == ("sent", ["sent"])

    reply = bring(ours, dsn(ANN, mail_from=mail_from), mail_from)

    assert reply[0] == 250
    assert status_of(message) == ("failed", ["failed"])
    types = list(Event.objects.order_by("pk").values_list("type", flat=True))
    assert types[-2:] == ["message.bounced", "address.suppressed"]
    assert Suppression.objects.get().address == ANN
    refused = send(inbox, ANN)
    assert (refused.status_code, refused.json()["code"]) == (403, "SUPPRESSED")


def test_report_to_an_address_that_we_did_not_sign_is_refused_at_rcpt(inbox, theirs, ours):
    message, mail_from = left_for(theirs, inbox)
    local_part, _, domain = mail_from.partition("@")
    forged = f"{local_part[:-1]}{'a' if local_part[-1] != 'a' else 'b'}@{domain}"

    assert bring(ours, dsn(ANN), forged)[0] == 550
    assert bring(ours, dsn(ANN), "bounce+" + "a" * 300 + f"@{domain}")[0] in (501, 550)
    assert status_of(message) == ("sent", ["sent"])


def test_one_report_for_both_a_signed_address_and_an_inbox_is_taken_once_by_each(
    inbox, theirs, ours
):
    message, mail_from = left_for(theirs, inbox)

    with ours.client() as smtp:
        refused = smtp.sendmail("", [mail_from, inbox.email], dsn(ANN, mail_from=mail_from))

    assert refused == {}
    assert status_of(message) == ("failed", ["failed"])
    assert Message.objects.get(direction="inbound").labels == ["report"]
    assert Event.objects.filter(type="message.bounced").count() == 1


def test_server_that_sends_a_report_twice_gets_250_twice(inbox, theirs, ours):
    message, mail_from = left_for(theirs, inbox)
    raw = dsn(ANN, mail_from=mail_from)

    replies = [bring(ours, raw, mail_from)[0] for _ in range(2)]

    assert replies == [250, 250]
    assert Event.objects.filter(type="message.bounced", message_id=message.pk).count() == 1


def test_report_that_cannot_be_read_is_taken_and_harms_nobody(inbox, theirs, ours):
    _, mail_from = left_for(theirs, inbox)
    broken = (
        b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n\xff\xfe\x00 sorry\r\n"
    )

    with ours.client() as smtp:
        try:
            smtp.sendmail("", [mail_from], broken)
        except smtplib.SMTPResponseException as error:
            pytest.fail(f"refused: {error.smtp_code}")

    assert Suppression.objects.count() == 0
