"""Agents that answer everything at once, unattended, over real SMTP. Neither marks its mail as
automatic; they fall silent by themselves."""

import email
import smtplib
from collections.abc import Iterator

import pytest
from django.utils import timezone

from drafts import loops
from inboxes.models import Inbox, Thread
from outbound import attempts
from outbound.models import Delivery
from tests.api.conftest import Client
from tests.conftest import make_key
from tests.outbound.mail import claimed
from tests.outbound.scripted_smtp import Script, ScriptedServer
from tests.servers.running import Running, running

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 20
BOT = "agent@elsewhere-bot.example"


@pytest.fixture
def port() -> Iterator[Running]:
    """The mail port of this installation."""
    with running() as server:
        yield server


@pytest.fixture
def way_out(settings):
    """Has all mail of ours go to a port."""

    def go_to(number: int) -> None:
        Inbox.objects.update(review_mode="off", hold_seconds=0)
        settings.TRANSPORT = f"smtp://127.0.0.1:{number}?tls=never"
        attempts.transport.cache_clear()

    yield go_to
    attempts.transport.cache_clear()


def bring(port: Running, sender: str, to: str, number: int, answers: str = "") -> None:
    line = f"In-Reply-To: {answers}\r\n" if answers else ""
    raw = (
        f"From: {sender}\r\nTo: {to}\r\nSubject: Hello {number}\r\n{line}"
        f"Message-ID: <{number}@elsewhere-bot.example>\r\n\r\nThank you! And?\r\n"
    )
    with smtplib.SMTP("127.0.0.1", port.port) as smtp:
        smtp.sendmail(sender, [to], raw)


def answer_all(inbox: Inbox, key: str, answered: set[str]) -> None:
    """What an eager agent of ours does: answer every mail that it has not answered."""
    client, at = Client(key), f"/v1/inboxes/{inbox.pk}"
    for message in client.get(f"{at}/messages?direction=inbound").json()["messages"]:
        if message["id"] not in answered:
            answered.add(message["id"])
            client.post(f"{at}/reply/{message['id']}", {"plainBody": "Thank you! And?"})


def deliver_all() -> None:
    """What the workers do."""
    Delivery.objects.filter(status="queued").update(next_attempt_at=timezone.now())
    for delivery in Delivery.objects.filter(status="queued").select_related("message"):
        attempts.attempt(claimed(delivery.message, delivery.rcpt_domain))


def test_an_eager_agent_elsewhere_gets_a_few_answers_and_then_silence(inbox, port, way_out):
    theirs = ScriptedServer(Script())
    way_out(theirs.port)
    key, answered, seen = make_key(inbox), set(), 0
    bring(port, BOT, inbox.email, 0)

    for _ in range(ROUNDS):
        answer_all(inbox, key, answered)
        deliver_all()
        new = theirs.seen.messages[seen:]
        if not new:
            break
        seen += len(new)
        for number, raw in enumerate(new, seen):
            bring(port, BOT, inbox.email, number, str(email.message_from_bytes(raw)["Message-ID"]))
    theirs.close()

    assert 1 <= seen <= loops.MOST_PER_HOUR
    assert Thread.objects.filter(inbox=inbox, drafts_only=True).exists()


def test_two_agents_of_one_installation_do_not_answer_each_other(
    inbox, strange_inbox, port, way_out
):
    way_out(port.port)
    agents = [(each, make_key(each), set()) for each in (inbox, strange_inbox)]
    bring(port, strange_inbox.email, inbox.email, 0)

    for _ in range(2):
        for agent in agents:
            answer_all(*agent)
        deliver_all()

    assert not Delivery.objects.filter(status="sent").exists()
