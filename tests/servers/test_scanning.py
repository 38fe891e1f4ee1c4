"""Rspamd and ClamAV over their own protocols: what they find, and what happens without them."""

import time

import pytest

from events.models import Event
from inboxes.examining import Examiner
from inboxes.models import Message
from inboxes.proving.resolver import NoDns
from inboxes.scanning.clamav import Clamav
from inboxes.scanning.rspamd import Rspamd
from inboxes.scanning.verdicts import Carried, Patient, Unscanned
from tests.inboxes.letters import compose
from tests.servers.running import running
from tests.servers.scanners import EICAR, GTUBE, clamd, rspamd

SUPPORT = "support@acme.example"
ABOUT = Carried("ann@customer.example", (SUPPORT,), "192.0.2.1", "mx.customer.example")
database = pytest.mark.django_db(transaction=True)


def received(examiner, raw):
    with running(examiner=examiner) as server, server.client() as smtp:
        smtp.sendmail("ann@customer.example", [SUPPORT], raw)
    return Message.objects.get()


@database
def test_spam_goes_to_junk_with_its_label_and_out_of_the_thread(inbox):
    with rspamd() as stub:
        message = received(Examiner(NoDns(), rspamd=Rspamd(stub.url)), compose(body=GTUBE.decode()))

    assert message.labels == ["spam"]
    assert message.entries.get().folder.role == "junk"
    assert message.thread.message_count == 0
    assert message.metadata["scans"]["spam"]["action"] == "reject"
    assert Event.objects.get().payload["spam"] is True


@database
def test_ordinary_mail_goes_to_the_inbox_when_both_have_looked(inbox):
    with rspamd() as stub, clamd() as daemon:
        scanners = {"rspamd": Rspamd(stub.url), "clamav": Clamav(daemon.address)}
        message = received(Examiner(NoDns(), **scanners), compose())

    assert message.labels == []
    assert message.entries.get().folder.role == "inbox"
    assert daemon.scanned == [bytes(message.raw_record.octets)]
    (asked,) = stub.asked
    assert (asked["path"], asked["From"], asked["Rcpt"], asked["IP"], asked["Helo"]) == (
        "/checkv2",
        "ann@customer.example",
        SUPPORT,
        "127.0.0.1",
        "mx.customer.example",
    )


@database
def test_infected_mail_goes_to_junk(inbox):
    with clamd() as daemon:
        examiner = Examiner(NoDns(), clamav=Clamav(daemon.address))
        message = received(examiner, compose(body=EICAR.decode()))

    assert message.labels == ["infected"]
    assert message.entries.get().folder.role == "junk"
    assert message.metadata["scans"]["infected"] == {"virus": "Own.Eicar.UNOFFICIAL"}


@database
def test_scanner_that_is_away_costs_a_label_and_no_mail(inbox):
    examiner = Examiner(NoDns(), rspamd=Rspamd("http://127.0.0.1:1"), clamav=Clamav("127.0.0.1:1"))
    message = received(examiner, compose())

    assert message.labels == ["unscanned"]
    assert message.entries.get().folder.role == "inbox"


def test_clamd_is_reached_over_a_unix_socket(tmp_path):
    with clamd(path=tmp_path / "clamd") as daemon:
        assert not Clamav(daemon.address).scan(b"Hello\r\n", ABOUT, 5).is_bad


def test_message_over_the_limit_of_clamd_is_not_called_clean():
    with clamd(most=1000) as daemon, pytest.raises(Unscanned):
        Clamav(daemon.address).scan(b"x" * 3_000_000, ABOUT, 10)


@pytest.mark.parametrize(
    "says",
    [
        "Heuristics.Limits.Exceeded.MaxFileSize FOUND",
        "Heuristics.Encrypted.Zip FOUND",
        "Can't allocate memory ERROR",
        "what is this",
    ],
)
def test_what_clamd_could_not_look_at_is_not_called_clean(says):
    with clamd() as daemon:
        daemon.says = says
        with pytest.raises(Unscanned):
            Clamav(daemon.address).scan(b"Hello\r\n", ABOUT, 5)


@pytest.mark.parametrize(
    "answer",
    [
        {"action": "no action", "is_skipped": True},
        {"error": "no"},
        ["spam"],
        {"action": {"a": "reject"}},
        {"action": "explode"},
    ],
)
def test_answer_of_rspamd_that_is_no_verdict_is_none(answer):
    with rspamd() as stub:
        stub.answer = answer
        with pytest.raises(Unscanned):
            Rspamd(stub.url).scan(b"Hello\r\n", ABOUT, 5)


@pytest.mark.parametrize("action", ["greylist", "soft reject", "no action"])
def test_doubt_of_rspamd_is_not_spam(action):
    with rspamd() as stub:
        stub.answer = {"action": action, "score": 4.2}
        assert not Rspamd(stub.url).scan(b"Hello\r\n", ABOUT, 5).is_bad


@pytest.mark.parametrize(
    "action", ["add header", "rewrite subject", "reject", "quarantine", "discard"]
)
def test_action_of_rspamd_against_a_message_is_spam(action):
    with rspamd() as stub:
        stub.answer = {"action": action, "score": 14.2}
        assert Rspamd(stub.url).scan(b"Hello\r\n", ABOUT, 5).is_bad


def test_header_of_a_scan_cannot_be_injected():
    hostile = Carried("a@b.example\r\nSettings: x", ("c\nd@e.example",), "", "h\r\nPass: all")
    with rspamd() as stub:
        Rspamd(stub.url).scan(b"Hello\r\n", hostile, 5)

    assert not {"Settings", "Pass"} & stub.asked[0].keys()


def test_silent_scanner_is_given_up_in_time_and_then_left_alone():
    with clamd() as daemon, rspamd() as stub:
        daemon.silent = stub.silent = True
        began = time.monotonic()
        for scanner in (Patient(Clamav(daemon.address)), Patient(Rspamd(stub.url))):
            for _ in range(10):
                with pytest.raises(Unscanned):
                    scanner.scan(b"Hello\r\n", ABOUT, 0.5)

        assert time.monotonic() - began < 9  # twenty times 0.5 s would be 10
        assert len(stub.asked) == 1
