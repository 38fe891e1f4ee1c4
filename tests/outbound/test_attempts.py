"""Attempts: every end is recorded, told once, and followed by the message."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from inboxes.models import Domain, Message, MessageRaw
from outbound import attempts, claims, recorder, recording
from outbound.models import Delivery, DeliveryAttempt, Suppression
from outbound.signing import new_domain_keys
from outbound.transports.protocol import Result
from tests.outbound.mail import claimed, due_now, events_of, queued, statuses
from tests.outbound.scripted_smtp import DROP, Script

LOST = Script(on_dot=DROP)


def make_attempts(message: Message, *domains: str) -> None:
    for domain in domains or ("customer.example",):
        attempts.attempt(claimed(message, domain))


def status_of(message: Message) -> str:
    return Message.objects.get(pk=message.pk).status


def test_a_message_is_sent_signed_and_told(inbox, server, way_out):
    way_out(there := server())
    new_domain_keys(inbox.domain)
    message = queued(inbox)

    make_attempts(message)

    assert (statuses(message), status_of(message)) == (["sent"], "sent")
    assert events_of(message) == [("message.sent", ["ann@customer.example"])]
    raw = bytes(MessageRaw.objects.get(message=message).octets)
    assert there.seen.messages[0].endswith(raw)
    assert there.seen.messages[0].count(b"DKIM-Signature:") == 2
    delivery = Delivery.objects.get(message=message)
    assert (delivery.last_code, delivery.transport, delivery.phase) == (250, "smarthost", "")
    assert "bounce+" in next(c for c in there.seen.commands if c.startswith("MAIL"))
    attempt = DeliveryAttempt.objects.get(delivery=delivery)
    assert (attempt.number, attempt.outcome) == (1, "sent")
    assert Message.objects.get(pk=message.pk).sent_at


def test_the_local_part_is_sent_in_the_case_it_was_given(inbox, server, way_out):
    way_out(there := server())
    make_attempts(queued(inbox, "Ann.Smith@Customer.Example"))

    assert "RCPT TO:<Ann.Smith@customer.example>" in there.seen.commands


def test_each_domain_is_a_transaction_of_its_own(inbox, server, way_out):
    way_out(there := server())
    message = queued(inbox, "ann@customer.example", "bob@other.example", "eve@customer.example")

    make_attempts(message, "customer.example")
    assert status_of(message) == "sending"
    make_attempts(message, "other.example")

    assert status_of(message) == "sent"
    assert len(there.seen.messages) == 2
    assert events_of(message) == [
        ("message.sent", ["ann@customer.example", "eve@customer.example"]),
        ("message.sent", ["bob@other.example"]),
    ]


def test_who_is_refused_does_not_keep_others_from_their_mail(inbox, server, way_out):
    way_out(server(Script(rcpt={"bob@customer.example": "550 5.1.1 no such user"})))
    message = queued(inbox, "ann@customer.example", "bob@customer.example")

    make_attempts(message)

    assert (statuses(message), status_of(message)) == (["sent", "failed"], "partly_sent")
    assert sorted(events_of(message)) == [
        ("message.bounced", ["bob@customer.example"]),
        ("message.sent", ["ann@customer.example"]),
    ]
    assert Delivery.objects.get(status="failed").last_reply == "5.1.1 no such user"


def test_a_message_that_nobody_takes_has_failed(inbox, server, way_out):
    way_out(server(Script(replies={"MAIL": "550 5.7.1 not you"})))
    message = queued(inbox, "ann@customer.example", "bob@other.example")

    make_attempts(message, "customer.example", "other.example")

    assert status_of(message) == "failed"


def test_who_accepted_is_not_sent_to_twice(inbox, server, way_out):
    way_out(there := server(Script(rcpt={"bob@customer.example": "452 4.2.2 full"})))
    message = queued(inbox, "ann@customer.example", "bob@customer.example")
    make_attempts(message)
    assert (statuses(message), status_of(message)) == (["sent", "deferred"], "sending")

    there.script.rcpt.clear()
    there.seen.commands.clear()
    due_now(message)
    make_attempts(message)

    assert status_of(message) == "sent"
    assert [c for c in there.seen.commands if c.startswith("RCPT")] == [
        "RCPT TO:<bob@customer.example>"
    ]


def test_a_deferred_delivery_waits_about_a_minute_at_first(inbox, server, way_out):
    way_out(server(Script(on_dot="451 4.3.0 later")))
    message = queued(inbox)

    make_attempts(message)

    delivery = Delivery.objects.get(message=message)
    wait = (delivery.next_attempt_at - timezone.now()).total_seconds()
    assert 50 < wait < 67
    assert claims.claim(message.pk, "customer.example") is None
    assert events_of(message) == []


def test_a_delay_is_told_at_half_an_hour_and_at_four_hours(inbox, server, way_out):
    way_out(server(Script(on_dot="451 4.3.0 later")))
    message = queued(inbox)
    told = []
    for minutes in (1, 31, 60, 241, 300):
        began = timezone.now() - timedelta(minutes=minutes)
        Delivery.objects.filter(message=message).update(first_attempt_at=began)
        due_now(message)
        make_attempts(message)
        told.append(len(events_of(message)))

    assert told == [0, 1, 1, 2, 2]
    assert {name for name, _ in events_of(message)} == {"message.delayed"}


def test_after_five_days_a_delivery_has_failed(inbox, server, way_out):
    way_out(server(Script(on_dot="451 4.3.0 later")))
    message = queued(inbox)
    began = timezone.now() - timedelta(days=5)
    Delivery.objects.filter(message=message).update(first_attempt_at=began)

    make_attempts(message)

    assert (statuses(message), status_of(message)) == (["failed"], "failed")
    assert events_of(message) == [("message.bounced", ["ann@customer.example"])]


def test_what_a_person_approved_and_got_lost_at_the_dot_waits_for_a_person(inbox, server, way_out):
    way_out(server(LOST))
    message = queued(inbox, by_person=True)

    make_attempts(message)

    assert (statuses(message), status_of(message)) == (["uncertain"], "uncertain")
    assert events_of(message) == [("message.uncertain", ["ann@customer.example"])]


def test_what_a_policy_sent_and_got_lost_is_tried_once_more_with_the_same_octets(
    inbox, server, way_out
):
    way_out(there := server(LOST))
    new_domain_keys(inbox.domain)
    message = queued(inbox, by_person=False)

    make_attempts(message)
    assert statuses(message) == ["deferred"]
    due_now(message)
    make_attempts(message)

    assert (statuses(message), status_of(message)) == (["uncertain"], "uncertain")
    first, second = there.seen.messages
    assert first == second
    assert len(there.seen.messages) == 2
    assert events_of(message) == [("message.uncertain", ["ann@customer.example"])]


def test_suppressed_recipients_are_not_spoken_of(inbox, server, way_out):
    way_out(there := server())
    Suppression.objects.create(
        workspace=inbox.workspace, address="bob@customer.example", reason="hard bounce"
    )
    message = queued(inbox, "ann@customer.example", "Bob@customer.example")

    make_attempts(message)

    assert (statuses(message), status_of(message)) == (["sent", "suppressed"], "partly_sent")
    assert not [c for c in there.seen.commands if "bob" in c.lower()]
    assert Delivery.objects.get(status="suppressed").last_reply == "suppressed: hard bounce"


def test_a_message_to_suppressed_recipients_alone_has_failed(inbox, server, way_out):
    way_out(there := server())
    Suppression.objects.create(
        workspace=inbox.workspace, address="ann@customer.example", reason="complaint"
    )
    message = queued(inbox)

    make_attempts(message)

    assert status_of(message) == "failed"
    assert there.seen.connections == 0


class Raises:
    """A transport with a bug: it breaks off at a phase."""

    def __init__(self, phase: str | None, error: Exception) -> None:
        self.phase, self.error = phase, error

    def send(self, job, *, on_phase):
        for phase in ("connecting", "data", "committing"):
            on_phase(phase)
            if phase == self.phase:
                raise self.error
        return [Result("somebody@else.example", "sent", 250, "ok", "")]


@pytest.mark.parametrize(
    ("phase", "by_person", "status"),
    [
        ("connecting", True, "deferred"),
        ("data", True, "deferred"),
        ("committing", True, "uncertain"),
        ("committing", False, "deferred"),
        (None, True, "uncertain"),
    ],
)
def test_a_fault_of_ours_ends_in_a_state_with_words(inbox, monkeypatch, phase, by_person, status):
    broken = Raises(phase, ValueError("the password is hunter2"))
    monkeypatch.setattr(attempts, "transport", lambda: broken)
    message = queued(inbox, by_person=by_person)

    make_attempts(message)

    delivery = Delivery.objects.get(message=message)
    assert delivery.status == status
    assert "on our side" in delivery.last_reply
    assert "hunter2" not in delivery.last_reply
    assert DeliveryAttempt.objects.filter(delivery=delivery).count() == 1


def test_a_message_whose_octets_or_domain_are_gone_is_not_tried_without_end(inbox, way_out, server):
    way_out(server())
    message = queued(inbox)
    Message.objects.filter(pk=message.pk).update(header_from="support@gone.example")

    make_attempts(message)

    delivery = Delivery.objects.get(message=message)
    assert delivery.status == "deferred"
    assert "DoesNotExist" in delivery.last_reply


def test_a_worker_whose_lease_ended_records_nothing(inbox, server, way_out):
    way_out(server())
    message = queued(inbox)
    claim = claimed(message)
    Delivery.objects.filter(message=message).update(fence=99)

    attempts.attempt(claim)

    assert statuses(message) == ["sending"]
    assert not DeliveryAttempt.objects.exists()


def test_a_late_answer_is_not_recorded(inbox):
    message = queued(inbox)
    claim = claimed(message)
    Delivery.objects.filter(message=message).update(fence=99)
    sent = [Result("ann@customer.example", "sent", 250, "ok", "")]

    recording.record(claim, sent, {}, started=timezone.now())

    assert statuses(message) == ["sending"]
    assert events_of(message) == []


@pytest.mark.django_db(transaction=True)
def test_a_database_that_comes_back_still_hears_that_the_message_was_sent(
    inbox, server, way_out, monkeypatch
):
    way_out(server())
    message = queued(inbox)
    claim = claimed(message)
    monkeypatch.setattr(attempts, "RECORD_AGAIN_AFTER", 0.01)
    recorded = recording.record_many
    tries = []

    def away_at_first(ended):
        tries.append(1)
        if len(tries) == 1:
            # The server ends our connection, as when it is restarted.
            with pytest.raises(OperationalError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return recorded(ended)

    monkeypatch.setattr(recorder, "record_many", away_at_first)
    attempts.attempt(claim)

    assert len(tries) == 2
    assert statuses(message) == ["sent"]


@pytest.mark.usefixtures("stopped")
def test_a_worker_that_is_to_stop_hands_nothing_over(inbox, server, way_out):
    way_out(there := server())
    message = queued(inbox)

    make_attempts(message)

    assert there.seen.messages == []
    assert statuses(message) == ["deferred"]
    assert claims.claim(message.pk, "customer.example")


def test_mail_to_a_domain_of_our_own_leaves_like_any_other(inbox, server, way_out):
    way_out(there := server())
    Domain.objects.create(workspace=inbox.workspace, name="also-ours.example")
    message = queued(inbox, "help@also-ours.example")

    make_attempts(message, "also-ours.example")

    assert len(there.seen.messages) == 1


def test_the_catcher_keeps_everything_and_says_sent(inbox, settings):
    settings.TRANSPORT = "catcher"
    attempts.transport.cache_clear()
    message = queued(inbox)

    make_attempts(message)

    assert status_of(message) == "sent"
    assert Delivery.objects.get(message=message).transport == "catcher"
