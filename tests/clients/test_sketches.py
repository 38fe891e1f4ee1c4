"""A program as people write it from the product's public documentation, over the WebSocket."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from drafts.models import Draft
from inboxes.models import Inbox, Message
from tests.drafts.mail import receive

ROUTINE = ("general",)


def category_of(subject: str, body: str) -> str:
    return "billing" if "refund" in f"{subject} {body}".lower() else "general"


def run_agent(
    api_key: str, base: str, inbox_id: str, *, ready: threading.Event, mails: int
) -> None:
    """Sketch (a): hear of each mail over the WebSocket, draft an answer, send what is routine."""
    headers = {"X-API-Key": api_key}
    with connect(base.replace("http", "ws", 1) + "/ws", additional_headers=headers) as ws:
        ws.send(
            json.dumps(
                {
                    "type": "subscribe",
                    "event_types": ["message.received"],
                    "inbox_ids": [inbox_id],
                }
            )
        )
        for raw in ws:
            frame = json.loads(raw)
            if frame["type"] == "subscribed":
                ready.set()
            if frame["type"] != "event":
                continue
            message = frame["message"]
            category = category_of(message["subject"], message["plain_body"])
            draft = httpx.post(
                f"{base}/inboxes/{message['inbox_id']}/drafts",
                headers=headers,
                json={
                    "replyToMessageId": message["message_id"],
                    "plainBody": f"Thank you for writing about {message['subject']}.",
                },
            ).json()
            if category in ROUTINE:
                httpx.post(
                    f"{base}/inboxes/{message['inbox_id']}/drafts/{draft['id']}/send",
                    headers=headers,
                    json={},
                ).raise_for_status()
            mails -= 1
            if not mails:
                return


@pytest.fixture
def agent(web, key, inbox) -> Iterator[threading.Thread]:
    """Sketch (a) at work on an inbox whose agent may send."""
    Inbox.objects.update(review_mode=Inbox.ReviewMode.OFF)
    ready = threading.Event()
    options: dict[str, Any] = {"ready": ready, "mails": 2}
    at_work = threading.Thread(
        target=run_agent, args=(key, f"{web.http}/v1", str(inbox.pk)), kwargs=options
    )
    at_work.start()
    assert ready.wait(20)
    yield at_work
    at_work.join(30)


def test_sketch_a_drafts_an_answer_to_each_mail_and_sends_what_is_routine(agent, inbox):
    receive(inbox, subject="A question", body="How do I begin?", number=1)
    receive(inbox, subject="My invoice", body="I want a refund.", number=2)
    agent.join(30)

    assert not agent.is_alive()
    routine = Draft.objects.get(revision__subject="Re: A question")
    other = Draft.objects.get(revision__subject="Re: My invoice")
    assert (routine.status, other.status) == ("approved", "pending")
    sent = Message.objects.get(direction=Message.Direction.OUTBOUND)
    assert (sent.pk, sent.subject) == (routine.message_id, "Re: A question")
