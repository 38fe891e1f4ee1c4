"""How much of us one client may have."""

import time

import pytest

from inboxes.models import Message
from servers.limits import Doorkeeper, Limits, net_of
from tests.servers.running import Wire, running

pytestmark = pytest.mark.django_db(transaction=True)


def test_connections_of_one_address_are_limited_and_the_place_is_free_again(inbox):
    with running(Limits(connections_per_address=3)) as server:
        held = [Wire(server.port) for _ in range(3)]
        assert [w.reply()[:3] for w in held] == ["220"] * 3

        assert Wire(server.port).reply().startswith("421 4.7.0")

        held[0].say("QUIT\r\n")
        assert held[0].rest() == ""
        until = time.monotonic() + 30
        while not (said := Wire(server.port).reply()).startswith("220"):
            assert time.monotonic() < until, said
            time.sleep(0.05)


def test_five_hundred_connections_that_never_speak_keep_no_other_address_out():
    keeper = Doorkeeper(Limits())

    admitted = [keeper.enter("192.0.2.1") for _ in range(500)]

    assert admitted.count(True) == 100
    assert keeper.enter("198.51.100.7")


def test_a_net_is_limited_as_a_whole():
    keeper = Doorkeeper(Limits(connections_per_net=5))

    assert [keeper.enter(f"192.0.2.{n}") for n in range(6)] == [True] * 5 + [False]
    assert net_of("2001:db8::1:2:3:4") == "2001:db8::/64"
    assert net_of("::ffff:192.0.2.9") == "192.0.2.0/24"


def test_too_many_errors_end_the_session(inbox):
    with running(Limits(errors=3)) as server:
        wire = Wire(server.port)
        wire.reply()
        for _ in range(3):
            wire.say("WHAT\r\n")

        assert wire.reply().startswith("421 4.7.0")
        assert wire.rest() == ""


def test_too_many_commands_without_a_message_end_the_session(inbox):
    with running(Limits(commands=5)) as server:
        wire = Wire(server.port)
        wire.reply()
        for _ in range(5):
            wire.say("NOOP\r\n")

        assert wire.reply().startswith("421 4.7.0")


def test_recipients_over_the_limit_are_452_and_the_others_get_the_message(inbox):
    with running(Limits(recipients=2)) as server:
        wire = Wire(server.port)
        wire.begin()
        for tag in "ab":
            said = wire.say(f"RCPT TO:<support+{tag}@acme.example>\r\n")
        assert said.startswith("452 4.5.3")
        wire.say("DATA\r\n")
        assert wire.say("Subject: x\r\n\r\na\r\n.\r\n").startswith("250")

    assert Message.objects.count() == 1


def test_silence_ends_the_session_with_a_word(inbox):
    with running(Limits(idle=0.2)) as server:
        wire = Wire(server.port)
        wire.reply()

        assert wire.reply().startswith("421 4.4.2")


def test_a_message_that_trickles_in_is_cut_off(inbox):
    with running(Limits(slow_start=0.3, slowest=100_000)) as server:
        wire = Wire(server.port)
        wire.begin()
        wire.say("DATA\r\n")
        wire.socket.settimeout(30)
        with pytest.raises((BrokenPipeError, ConnectionResetError, TimeoutError)):
            for _ in range(200):
                wire.write("x\r\n")
                time.sleep(0.05)


def test_a_session_has_an_end(inbox):
    with running(Limits(session=0.3)) as server:
        wire = Wire(server.port)
        wire.reply()
        time.sleep(0.4)
        wire.say("NOOP\r\n")

        assert wire.reply().startswith("421 4.7.0")


def test_a_line_without_end_is_cut_off_in_bounded_memory(inbox):
    with running() as server:
        wire = Wire(server.port)
        wire.reply()
        wire.socket.settimeout(30)
        try:
            for _ in range(200):
                wire.write(b"x" * 65536)
            said = wire.reply()
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            said = ""
        assert said == "" or said.startswith("500 5.5.2")


def test_all_messages_on_their_way_together_have_a_limit(inbox):
    with running(Limits(octets_in_flight=50_000)) as server:
        wire = Wire(server.port)
        wire.begin()
        wire.say("DATA\r\n")

        assert wire.say(b"x" * 98 + b"\r\n" + b"y\r\n" * 30_000 + b".\r\n").startswith("452 4.3.1")
        wire.say("MAIL FROM:<a@b.example>\r\n")
        wire.say("RCPT TO:<support@acme.example>\r\n")
        wire.say("DATA\r\n")
        assert wire.say("Subject: x\r\n\r\na\r\n.\r\n").startswith("250")
