"""Keys with their clients, and mail that is already there."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inboxes.mailbox import file_message
from inboxes.models import Attachment, Folder, Inbox, Message, MessageRaw, Thread

RAW = (
    b"From: Ann <ann@customer.example>\r\nTo: support@acme.example\r\nSubject: Broken\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nIt is broken.\r\n"
    b'--b\r\nContent-Type: application/pdf; name="bill.pdf"\r\n'
    b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"JVBERi0=\r\n--b--\r\n"
)


class Client(APIClient):
    """Speaks JSON, with a key."""

    def __init__(self, key: str = "") -> None:
        super().__init__(**({"HTTP_X_API_KEY": key} if key else {}))
        self.default_format = "json"

    def request(self, **kwargs: Any) -> Any:
        # A request that fails on our side is an answer to look at, as it is for a caller.
        self.raise_request_exception = False
        return super().request(**kwargs)


def make_thread(inbox: Inbox, **fields: Any) -> Thread:
    now = timezone.now()
    given = {
        "subject": "Broken",
        "participants": ["ann@customer.example", inbox.email],
        "last_message_at": now,
    }
    return Thread.objects.create(inbox=inbox, **(given | fields))


def make_message(thread: Thread, **fields: Any) -> Message:
    """A message from ann@customer.example with octets and an attachment, filed."""
    number = thread.messages.count()
    at = timezone.now() + timedelta(microseconds=number)
    given = {
        "direction": Message.Direction.INBOUND,
        "status": Message.Status.RECEIVED,
        "header_from": "ann@customer.example",
        "from_name": "Ann",
        "to": [{"name": "", "address": thread.inbox.email}],
        "recipients": [thread.inbox.email],
        "subject": "Broken",
        "plain_body": "It is broken.",
        "html_body": "<p>It is broken.</p>",
        "reply_text": "It is broken.",
        "visible_text": "It is broken.",
        "preview": "It is broken.",
        "header_message_id": f"{number}@customer.example",
        "size": len(RAW),
        "received_at": at,
        "created_at": at,
        "has_attachments": True,
    }
    message = Message.objects.create(inbox=thread.inbox, thread=thread, **(given | fields))
    MessageRaw.objects.create(message=message, octets=RAW, sha256=hashlib.sha256(RAW).digest())
    Attachment.objects.create(
        message=message,
        part_path="2",
        filename="bill.pdf",
        content_type="application/pdf",
        size=5,
    )
    inbound = message.direction == Message.Direction.INBOUND
    file_message(message, Folder.Role.INBOX if inbound else Folder.Role.SENT)
    thread.message_count += 1
    thread.unread_count += int(inbound and not message.is_read)
    thread.head_id, thread.last_message_at = message.pk, message.created_at
    thread.save()
    return message


@pytest.fixture
def client(key: str) -> Client:
    return Client(key)


@pytest.fixture
def thread(inbox: Inbox) -> Thread:
    return make_thread(inbox)


@pytest.fixture
def message(thread: Thread) -> Message:
    return make_message(thread)
