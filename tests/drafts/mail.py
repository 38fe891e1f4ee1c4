"""Mail from customers, by the same door as real mail; scopes; and what the queue would do."""

from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, User
from accounts.scope import Scope
from inboxes.arrival import Envelope, deliver
from inboxes.findings import Findings
from inboxes.models import Inbox, Message
from inboxes.recipients import find_recipient
from outbound import claims
from outbound.claims import Claim
from outbound.models import Delivery
from outbound.settling import settle_message

CUSTOMER = "ann@customer.example"


def receive(
    inbox: Inbox,
    *,
    sender: str = CUSTOMER,
    subject: str = "Where is my parcel?",
    body: str = "It should have come on Monday.",
    answers: Message | None = None,
    headers: str = "",
    number: int = 1,
    labels: tuple[str, ...] = (),
) -> Message:
    """Take in a mail, as if it came by SMTP."""
    if answers is not None:
        headers += f"In-Reply-To: <{answers.header_message_id}>\r\n"
    raw = (
        f"From: Ann <{sender}>\r\nTo: {inbox.email}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}.{timezone.now().timestamp()}@customer.example>\r\n"
        f"{headers}\r\n{body}\r\n"
    ).encode()
    recipient = find_recipient(inbox.email)
    assert recipient is not None
    envelope = Envelope(
        mail_from=sender,
        recipients=(recipient,),
        received_at=timezone.now(),
        findings=Findings(labels=labels),
    )
    (message,) = deliver(envelope, raw)
    return message


def agent_of(inbox: Inbox, *permissions: str, name: str = "agent") -> Scope:
    """The scope of a new key of that inbox: every permission, or those named."""
    key, _ = keys.issue(
        ApiKey.Kind.INBOX,
        workspace=inbox.workspace,
        inbox_id=inbox.pk,
        name=name,
        permissions=permissions or ApiKey.Permission.values,
        created_by="test",
    )
    return Scope.of_key(key)


def scope_of(user: User) -> Scope:
    return Scope.of_user(user)


def pass_hold(message: Message) -> None:
    """As if the hold were over."""
    Delivery.objects.filter(message=message).update(next_attempt_at=timezone.now())


def claim(message: Message) -> Claim | None:
    """What a worker does first, for the one domain that tests write to."""
    return claims.claim(message.pk, CUSTOMER.partition("@")[2])


def settle(message: Message, status: str) -> None:
    """What a worker does last."""
    Delivery.objects.filter(message=message).update(status=status, settled_at=timezone.now())
    settle_message(message.pk)
