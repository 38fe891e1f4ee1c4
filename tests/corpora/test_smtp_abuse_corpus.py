"""The corpus of protocol abuse, said to the real port. What it must give stands in the corpus as
sentences; here they are turned into what can be asserted."""

import re
import time
from typing import Any

import pytest

from inboxes.models import Message
from servers.limits import Limits
from tests.corpora.conftest import Corpora
from tests.servers.running import Running, Wire, running

pytestmark = pytest.mark.django_db(transaction=True)

# What the generated cases ask for, as (octets of a message, what must hold of it once stored).
FIELDS = (
    b"From: a@client.example\r\nTo: support@inbox.example\r\nMessage-ID: <g@client.example>\r\n"
)


def _nested(depth: int) -> bytes:
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(depth)
    )
    return opening + b"Content-Type: text/plain\r\n\r\ndeep\r\n"


GENERATED = {
    "base64-garbage": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"aGVs*bG8\xff=\r\n",
    "boundary-1000": b"Content-Type: multipart/mixed; boundary=" + b"b" * 1000 + b"\r\n\r\n--"
    b"%s\r\n\r\nhello\r\n--%s--\r\n" % (b"b" * 1000, b"b" * 1000),
    "boundary-prefix": b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n"
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nin\r\n--b--\r\n--bb--\r\n",
    "charset-utf7": b"Content-Type: text/html; charset=utf-7\r\n\r\n+ADw-script+AD4-x\r\n",
    "date-future": b"Date: Thu, 01 Jan 2099 00:00:00 +0000\r\n\r\nlater\r\n",
    "from-display-spoof": b"\r\nhello\r\n",
    "from-group": b"\r\nhello\r\n",
    "from-many": b"From: other@client.example\r\n\r\nhello\r\n",
    "header-line-100k": b"Subject: " + b"x" * 100_000 + b"\r\n\r\nhello\r\n",
    "headers-100000": b"X-A: 1\r\n" * 100_000 + b"\r\nhello\r\n",
    "mime-nest-100": _nested(100),
    "qp-broken": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"a=ZZ b=\r\n",
}
REFUSED_RCPT = {
    "addr-crlf-in-addr": "50",
    "addr-sql-quote": "5",
    "addr-utf8-without-smtputf8": "501",
    "addr-very-long-local": "5",
    "relay-denied": "550",
    "relay-percent-hack": "5",
    "relay-quoted-at": "5",
    "relay-source-route": "5",
    "rcpt-trailing-dot-domain": "5",
}


@pytest.fixture
def port(transactional_db) -> Any:
    """A listener for inbox.example, with the inbox `support` and the would-be victims beside it."""
    from inboxes.opening import open_inbox
    from tests.conftest import make_workspace

    workspace, domain = make_workspace("Abused", "inbox.example")
    for name in ("support", "victim", "admin"):
        open_inbox(workspace, domain, name, by="test")
    with running(Limits(message_size=5_000_000)) as server:
        yield server


def _cases(corpora: Corpora, *groups: str) -> list[dict[str, Any]]:
    return [c for _, _, c in corpora("smtp_abuse") if c["group"] in groups and c.get("send")]


def _octets(text: str) -> bytes:
    return text.encode("latin-1" if all(ord(c) < 256 for c in text) else "utf-8")


def _say_all(server: Running, case: dict[str, Any], *, wait: bool) -> list[str]:
    """Everything the server answers, reply by reply."""
    wire = Wire(server.port)
    wire.reply()
    said = []
    for item in case["send"]:
        try:
            wire.write(_octets(item))
        except (BrokenPipeError, ConnectionResetError):
            break
        if wait:
            said.append(wire.reply())
    said += [line for line in wire.rest().split("\r\n") if line] if not wait else []
    wire.close()
    return said


def test_no_false_end_of_data_smuggles_a_second_message_in(corpora, port):
    cases = _cases(corpora, "smuggling")
    assert len(cases) >= 7
    for case in cases:
        Message.objects.all().delete()

        said = _say_all(port, case, wait=True)

        stored = Message.objects.all()
        refused = any(re.match("5|421", reply) for reply in said)
        assert stored.count() == (0 if refused else 1), case["id"]
        assert not stored.filter(header_from="admin@inbox.example").exists(), case["id"]
        assert not stored.filter(rcpt_to="victim@inbox.example").exists(), case["id"]


def test_recipients_that_are_not_ours_are_refused_in_every_form(corpora, port):
    cases = [c for c in _cases(corpora, "relay", "addresses") if c["id"] in REFUSED_RCPT]
    assert len(cases) == len(REFUSED_RCPT)
    for case in cases:
        said = _say_all(port, case, wait=True)

        assert said[2].startswith(REFUSED_RCPT[case["id"]]), (case["id"], said)
        assert not any(reply.startswith("250 2.1.5") for reply in said), case["id"]


def test_a_recipient_with_a_tag_reaches_the_inbox(corpora, port):
    (case,) = [c for c in _cases(corpora, "addresses") if c["id"] == "rcpt-plus-tag"]

    assert _say_all(port, case, wait=True)[2].startswith("250")


def test_commands_out_of_sequence_are_refused_and_the_session_survives(corpora, port):
    for case in _cases(corpora, "sequence"):
        said = _say_all(port, case, wait=True)

        assert re.match("503|554", said[-2]), (case["id"], said)
        assert said[-1].startswith("221"), case["id"]


def test_octets_that_should_not_be_in_a_message_are_kept(corpora, port):
    for case in _cases(corpora, "line endings"):
        Message.objects.all().delete()

        said = _say_all(port, case, wait=True)

        assert said[4].startswith("250 2.6.0"), (case["id"], said)
        raw = _octets(case["send"][4]).removesuffix(b".\r\n")
        assert bytes(Message.objects.get().raw_record.octets) == raw


@pytest.mark.parametrize("case_id", sorted(GENERATED))
def test_odd_content_is_stored_soon_and_bit_for_bit(corpora, port, case_id):
    assert case_id in {case["id"] for _, _, case in corpora("smtp_abuse")}
    fields = FIELDS
    if case_id == "from-group":
        fields = FIELDS.replace(b"a@client.example", b"undisclosed-recipients:;", 1)
    if case_id == "from-display-spoof":
        fields = FIELDS.replace(b"a@client", b'"support@inbox.example" <x@evil', 1)
        fields = fields.replace(b"@evil.example", b"@evil.example>", 1)
    raw = fields + GENERATED[case_id]
    wire = Wire(port.port)
    wire.begin("support@inbox.example")
    wire.say("DATA\r\n")
    began = time.monotonic()

    wire.write(raw + b".\r\n")

    assert wire.reply().startswith("250 2.6.0")
    assert time.monotonic() - began < 5
    message = Message.objects.get()
    assert bytes(message.raw_record.octets) == raw
    if case_id == "from-display-spoof":
        assert message.header_from == "x@evil.example"
    if case_id == "header-line-100k":
        assert len(message.subject) <= 2000
    if case_id == "date-future":
        assert message.created_at.year < 2099


def test_a_thousand_recipients_are_cut_at_the_limit_and_the_others_get_it(corpora, port):
    assert "rcpt-1000" in {case["id"] for _, _, case in corpora("smtp_abuse")}
    wire = Wire(port.port)
    wire.begin("support@inbox.example")
    said = [wire.say(f"RCPT TO:<support+{n}@inbox.example>\r\n")[:3] for n in range(999)]

    assert said.count("250") == 99
    assert said.count("452") == 900
    wire.say("DATA\r\n")
    assert wire.say("Subject: x\r\n\r\na\r\n.\r\n").startswith("250")


def test_a_long_command_line_is_refused_and_the_session_survives(corpora, port):
    assert "command-line-600" in {case["id"] for _, _, case in corpora("smtp_abuse")}
    wire = Wire(port.port)
    wire.reply()

    assert wire.say("X" * 598 + "\r\n").startswith("500 5.5.2")
    assert wire.say("NOOP\r\n").startswith("250")


def test_vrfy_and_expn_reveal_nobody(corpora, port):
    assert "vrfy-expn" in {case["id"] for _, _, case in corpora("smtp_abuse")}
    wire = Wire(port.port)
    wire.reply()

    assert wire.say("VRFY support\r\n") == wire.say("VRFY nobody\r\n")
    assert wire.say("EXPN support\r\n") == wire.say("EXPN nobody\r\n")


def test_a_subject_alone_opens_nobody_elses_thread(corpora, port):
    assert "subject-only-match" in {case["id"] for _, _, case in corpora("smtp_abuse")}
    with port.client() as smtp:
        for sender, subject in (("a@one.example", "Invoice"), ("b@two.example", "Re: Invoice")):
            raw = f"From: {sender}\r\nTo: support@inbox.example\r\nSubject: {subject}\r\n\r\nx\r\n"
            smtp.sendmail(sender, "support@inbox.example", raw.encode())

    assert Message.objects.values("thread_id").distinct().count() == 2
