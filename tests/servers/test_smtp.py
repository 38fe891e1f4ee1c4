"""Mail over a socket: what is taken, and what is refused with which words."""

import re
import smtplib
import socket
import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from inboxes import arrival, notices
from inboxes.models import Domain, Inbox, Message
from servers.limits import Limits
from tests.inboxes.letters import compose
from tests.servers.running import Wire, running

SENDER, SUPPORT = "ann@customer.example", "support@acme.example"
pytestmark = pytest.mark.django_db(transaction=True)


def test_250_names_the_message_and_comes_after_the_commit(smtp):
    smtp.mail(SENDER)
    smtp.rcpt(SUPPORT)

    code, said = smtp.data(compose())

    found = re.fullmatch(rb"2\.6\.0 stored as ([0-9a-f-]{36})", said)
    assert code == 250
    assert found
    assert Message.objects.get(pk=found[1].decode()).subject == "My printer burns"


def test_octets_arrive_bit_for_bit_with_dots_unstuffed(wire):
    raw = b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n\r\ncaf\xe9 \x00\r\n"
    wire.begin()
    wire.say("DATA\r\n")

    wire.say(re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n")

    assert bytes(Message.objects.get().raw_record.octets) == raw


def test_an_empty_message_is_taken(wire):
    wire.begin()
    wire.say("DATA\r\n")

    assert wire.say(".\r\n").startswith("250 2.6.0")
    assert bytes(Message.objects.get().raw_record.octets) == b""


def test_the_end_of_a_message_is_found_wherever_the_packets_part(wire):
    wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.begin()
    wire.say("DATA\r\n")

    for octet in b"Subject: x\r\n\r\na\r\n.\r\n":
        wire.write(bytes([octet]))
        time.sleep(0.002)

    assert wire.reply().startswith("250 2.6.0")


def test_what_follows_a_message_at_once_is_the_next_command(wire):
    wire.begin()
    wire.say("DATA\r\n")

    wire.write("Subject: x\r\n\r\na\r\n.\r\nRSET\r\nQUIT\r\n")

    assert [wire.reply()[:3] for _ in range(3)] == ["250", "250", "221"]


def test_what_is_offered_is_said_in_ehlo_and_auth_is_not(smtp):
    assert smtp.has_extn("pipelining")
    assert smtp.esmtp_features["size"] == str(25 * 1024 * 1024)
    assert smtp.has_extn("8bitmime")
    assert smtp.has_extn("smtputf8")
    assert smtp.has_extn("enhancedstatuscodes")
    assert not smtp.has_extn("auth")
    assert not smtp.has_extn("starttls")
    assert smtp.docmd("AUTH", "PLAIN x")[0] == 502


@pytest.mark.parametrize(
    "rcpt_to",
    [
        "nobody@acme.example",
        "support@elsewhere.example",
        "support@acme.example.",
        "x%elsewhere.example@acme.example",
        '"x@elsewhere.example"@acme.example',
        "@acme.example:x@elsewhere.example",
    ],
)
def test_rcpt_to_what_is_not_here_is_refused(smtp, rcpt_to):
    smtp.mail(SENDER)

    code, said = smtp.docmd(f"RCPT TO:<{rcpt_to}>")

    assert (code, said[:6]) in [(550, b"5.1.1 "), (501, b"5.1.3 ")]


@pytest.mark.parametrize(
    "rcpt_to", ["SUPPORT@Acme.Example", "support+order17@acme.example", '"support"@acme.example']
)
def test_rcpt_to_a_form_of_an_address_reaches_its_inbox(smtp, rcpt_to):
    smtp.mail(SENDER)

    code, _ = smtp.docmd(f"RCPT TO:<{rcpt_to}>")

    assert code == 250


def test_a_sub_address_is_kept_on_the_message(smtp):
    smtp.sendmail(SENDER, "support+order17@acme.example", compose())

    assert Message.objects.get().rcpt_to == "support+order17@acme.example"


def test_a_deleted_inbox_is_refused_within_two_seconds(smtp, inbox):
    smtp.mail(SENDER)
    assert smtp.rcpt(SUPPORT)[0] == 250
    Inbox.objects.update(deleted_at=timezone.now())
    time.sleep(1.1)

    assert smtp.rcpt(SUPPORT) == (550, b"5.1.1 No such mailbox")


def test_a_domain_that_takes_no_mail_is_refused(smtp):
    Domain.objects.update(inbound_enabled=False)
    smtp.mail(SENDER)

    assert smtp.rcpt(SUPPORT)[0] == 550


def test_one_message_to_two_inboxes_and_a_stranger_reaches_the_two(smtp, strange_inbox):
    refused = smtp.sendmail(
        SENDER, [SUPPORT, "nobody@acme.example", strange_inbox.email], compose()
    )

    assert list(refused) == ["nobody@acme.example"]
    assert Message.objects.count() == 2


def test_a_size_over_the_limit_is_refused_before_it_is_sent(smtp):
    code, said = smtp.mail(SENDER, [f"SIZE={26 * 1024 * 1024}"])

    assert (code, said[:5]) == (552, b"5.3.4")


def test_a_message_over_the_limit_is_refused_and_the_session_goes_on(inbox):
    with running(Limits(message_size=100_000)) as server, server.client() as smtp:
        smtp.mail(SENDER)
        smtp.rcpt(SUPPORT)
        code, said = smtp.data(compose(body="x" * 70 + "\n" * 150_000))
        assert (code, said[:5]) == (552, b"5.3.4")

        smtp.sendmail(SENDER, SUPPORT, compose())

    assert Message.objects.count() == 1


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n"])
def test_bare_cr_and_lf_in_a_message_are_refused(wire, end):
    wire.begin()
    wire.say("DATA\r\n")

    said = wire.say(b"Subject: x\r\n\r\none" + end + b"two\r\n.\r\n")

    assert said.startswith("550 5.6.11")
    assert not Message.objects.exists()


def test_a_command_that_ends_in_a_bare_lf_is_refused(wire):
    wire.reply()

    assert wire.say("EHLO x\n").startswith("500 5.5.2")


def test_a_message_sent_before_it_was_asked_for_ends_the_session(wire):
    wire.begin()

    wire.write("DATA\r\nSubject: smuggled\r\n\r\n.\r\n")

    assert wire.reply().startswith("554 5.5.0")
    assert wire.rest() == ""
    assert not Message.objects.exists()


def test_mail_and_rcpt_may_be_pipelined(wire):
    wire.reply()
    wire.say("EHLO x\r\n")

    wire.write(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\n")

    assert [wire.reply()[:3] for _ in range(3)] == ["250", "250", "354"]


def test_commands_out_of_order_are_refused_and_the_session_goes_on(wire):
    wire.reply()

    assert wire.say(f"MAIL FROM:<{SENDER}>\r\n").startswith("503 5.5.1")
    wire.say("EHLO x\r\n")
    assert wire.say("DATA\r\n").startswith("503 5.5.1")
    assert wire.say(f"RCPT TO:<{SUPPORT}>\r\n").startswith("503 5.5.1")
    wire.say(f"MAIL FROM:<{SENDER}>\r\n")
    assert wire.say(f"MAIL FROM:<{SENDER}>\r\n").startswith("503 5.5.1")
    wire.say(f"RCPT TO:<{SUPPORT}>\r\n")
    wire.say("RSET\r\n")
    assert wire.say("DATA\r\n").startswith("503 5.5.1")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL ann@customer.example", "501 5.5.4"),
        ("MAIL FROM:ann@customer.example", "501 5.5.4"),
        ("MAIL FROM:<ann>", "501 5.1.3"),
        ("MAIL FROM:<ann@a..b>", "501 5.1.3"),
        ("MAIL FROM:<a@b.example> SIZE=x", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> BODY=BINARYMIME", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> RET=FULL", "555 5.5.4"),
        ("MAIL FROM:<s\u00fcp@b.example>", "553 5.6.7"),
        ("MAIL FROM:<s\u00fcp@b.example> SMTPUTF8", "250 2.1.0"),
        ("MAIL FROM:<>", "250 2.1.0"),
        ("mail from: <a@b.example>", "250 2.1.0"),
        ("NONSENSE", "500 5.5.2"),
        ("EXPN staff", "502 5.5.1"),
        ("VRFY support", "252 2.5.0"),
        ("x" * 2000, "500 5.5.2"),
        (f"MAIL FROM:<{'a' * 290}@b.example>", "501 5.1.3"),  # 300 octets; RFC 5321 allows 254
        (f"MAIL FROM:<a@{'b' * 60 + '.'}{('c' * 57 + '.') * 4}example>", "501 5.1.3"),
    ],
)
def test_each_line_gets_its_code(wire, line, code):
    wire.reply()
    wire.say("EHLO x\r\n")

    assert wire.say(f"{line}\r\n").startswith(code)


def test_a_message_with_a_header_of_5_mb_is_taken_whole_and_says_what_was_not_read(smtp):
    field = "X-Long: " + "a word and another\r\n " * 250_000
    raw = f"Subject: Hello\r\n{field}\r\nFrom: <{SENDER}>\r\n\r\nHello\r\n".encode()
    smtp.mail(SENDER)
    smtp.rcpt(SUPPORT)

    assert smtp.data(raw)[0] == 250
    message = Message.objects.get()
    assert message.subject == "Hello"
    assert message.warnings
    assert bytes(message.raw_record.octets).endswith(raw)


def test_what_nobody_foresaw_is_451_and_says_nothing_of_itself(smtp):
    def fail(message: Message) -> None:
        raise RuntimeError("secret detail")

    notices._message_listeners.append(fail)
    try:
        smtp.mail(SENDER)
        smtp.rcpt(SUPPORT)
        code, said = smtp.data(compose())
    finally:
        notices._message_listeners.remove(fail)

    assert (code, said[:5]) == (451, b"4.3.0")
    assert b"secret" not in said
    assert not Message.objects.exists()


def test_a_sender_of_what_failed_may_try_again_in_the_same_session(smtp):
    def fail(message: Message) -> None:
        raise RuntimeError

    notices._message_listeners.append(fail)
    with pytest.raises(smtplib.SMTPDataError):
        smtp.sendmail(SENDER, SUPPORT, compose())
    notices._message_listeners.remove(fail)

    smtp.sendmail(SENDER, SUPPORT, compose())

    assert Message.objects.count() == 1


def test_a_database_that_is_away_is_451(smtp, monkeypatch):
    smtp.mail(SENDER)
    smtp.rcpt(SUPPORT)

    from django.db import OperationalError

    def away(*args: object) -> None:
        raise OperationalError("no route to secret.host")

    monkeypatch.setattr(arrival, "_store_patiently", away)

    assert smtp.data(compose()) == (
        451,
        b"4.3.2 Not ready to take mail; please try again later",
    )


def test_connections_that_the_database_has_dropped_are_opened_anew(smtp):
    smtp.sendmail(SENDER, SUPPORT, compose())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    time.sleep(1.1)

    smtp.sendmail(SENDER, SUPPORT, compose(message_id="m2@customer.example"))

    assert Message.objects.count() == 2


def test_a_full_disk_is_452(inbox):
    with running(needed_disk=1 << 60) as server, server.client() as smtp:
        code, said = smtp.mail(SENDER)

    assert (code, said[:5]) == (452, b"4.3.1")


def test_a_message_that_goes_round_in_circles_is_554(smtp):
    smtp.mail(SENDER)
    smtp.rcpt(SUPPORT)

    code, said = smtp.data(b"Received: by mx; now\r\n" * 60 + compose())

    assert (code, said[:5]) == (554, b"5.4.6")


def test_a_retry_of_the_same_message_is_250_and_one_copy(server):
    for _ in range(2):
        with server.client() as smtp:
            smtp.sendmail(SENDER, SUPPORT, compose())

    assert Message.objects.count() == 1


def test_sessions_at_once_lose_nothing_and_copy_nothing(server):
    def send(first: int) -> None:
        with server.client() as smtp:
            for n in range(first, first + 10):
                smtp.sendmail(SENDER, SUPPORT, compose(message_id=f"{n}@c.example"))

    threads = [threading.Thread(target=send, args=(n * 10,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Message.objects.count() == 100


def test_a_client_that_closes_its_half_still_gets_its_answers(wire):
    wire.begin()
    wire.say("DATA\r\n")
    wire.write("Subject: x\r\n\r\na\r\n.\r\nQUIT\r\n")
    wire.socket.shutdown(socket.SHUT_WR)

    assert re.match(r"250 2\.6\.0 [^\n]*\n221 ", wire.rest())


def test_a_connection_that_breaks_within_a_message_stores_nothing(wire):
    wire.begin()
    wire.say("DATA\r\n")
    wire.write("Subject: half\r\n\r\nof a mess")
    wire.close()
    time.sleep(0.3)

    assert not Message.objects.exists()


def test_stopping_lets_a_message_in_that_is_on_its_way_and_ends_idle_sessions(server):
    idle, sending = Wire(server.port), Wire(server.port)
    idle.reply()
    sending.begin()
    sending.say("DATA\r\n")
    stop = threading.Thread(target=server.stop)
    stop.start()

    assert idle.reply().startswith("421 4.3.2")
    assert sending.say("Subject: x\r\n\r\na\r\n.\r\n").startswith("250 2.6.0")
    assert sending.reply().startswith("421 4.3.2")
    stop.join()
    assert Message.objects.count() == 1
    with pytest.raises(ConnectionRefusedError):
        Wire(server.port)


def test_senders_in_other_scripts_are_taken_with_smtputf8(smtp):
    smtp.sendmail("j\u00f6rg@b\u00fccher.example", [SUPPORT], compose(), ["SMTPUTF8"])

    assert Message.objects.get().mail_from == "j\u00f6rg@b\u00fccher.example"
    assert Message.objects.get().metadata["received"]["with"] == "UTF8SMTP"
