"""The guard: warns, then stops automatic mail; people can always send."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import Workspace
from events.log import emit
from events.models import Event, EventType
from inboxes.models import Inbox
from outbound import claims, pauses, reputation
from outbound.models import Delivery, Pause
from outbound.switching import resume
from tests.outbound.mail import queued


def sent(inbox: Inbox, count: int) -> list[UUID]:
    """Mail that left."""
    message = queued(inbox)
    Delivery.objects.bulk_create(
        Delivery(
            message=message,
            rcpt_to=f"c{number}@customer.example",
            rcpt_domain="customer.example",
            by_person=False,
            status="sent",
            attempts=1,
            next_attempt_at=timezone.now(),
            settled_at=timezone.now(),
        )
        for number in range(count)
    )
    Delivery.objects.filter(message=message, status="queued").delete()
    return [message.pk]


def came_back(inbox: Inbox, type: EventType, count: int, **facts: object) -> None:
    """Each told twice, as a server's refusal and a report may be."""
    for number in [*range(count), *range(count)]:
        emit(
            type,
            workspace_id=inbox.workspace_id,
            inbox_id=inbox.pk,
            message_id=UUID(int=1),
            payload={"recipients": [f"c{number}@customer.example"], **facts},
        )


def told() -> list[str]:
    found = Event.objects.filter(type__startswith="sending.").order_by("pk")
    return list(found.values_list("type", flat=True))


@pytest.mark.parametrize(
    ("count", "bounced", "complained", "expected"),
    [
        (100, 3, 0, []),
        (100, 4, 0, ["sending.warned"]),
        (100, 8, 0, ["sending.paused"]),
        (1000, 0, 1, []),
        (1000, 0, 2, ["sending.warned"]),
        (1000, 0, 3, ["sending.paused"]),
        (49, 20, 5, []),
    ],
)
def test_the_shares_at_which_it_warns_and_pauses(inbox, count, bounced, complained, expected):
    sent(inbox, count)
    came_back(inbox, EventType.MESSAGE_BOUNCED, bounced)
    came_back(inbox, EventType.MESSAGE_COMPLAINED, complained)

    reputation.guard()
    reputation.guard()

    assert told() == expected


def test_it_stops_automatic_mail_alone_and_says_why(inbox, strange_inbox):
    sent(inbox, 100)
    came_back(inbox, EventType.MESSAGE_BOUNCED, 10)
    reputation.guard()
    queued(inbox, by_person=False)
    by_person = queued(inbox)

    claim = claims.claim_next()

    assert claim
    assert claim.message_id == by_person.pk
    assert claims.claim_next() is None
    (objection,) = pauses.objections(inbox)
    assert "of 100 messages of the last 7 days 10 bounced (10.0%)" in objection
    assert list(pauses.objections(strange_inbox)) == []


def test_what_was_never_sent_because_it_is_suppressed_is_no_bounce(inbox):
    sent(inbox, 100)
    came_back(inbox, EventType.MESSAGE_BOUNCED, 10, suppressed=True)

    reputation.guard()

    assert told() == []


def test_a_person_resumes_it_and_what_was_before_does_not_count_again(inbox):
    sent(inbox, 100)
    came_back(inbox, EventType.MESSAGE_BOUNCED, 10)
    reputation.guard()
    Delivery.objects.update(settled_at=timezone.now() - timedelta(hours=1))
    Event.objects.update(created_at=timezone.now() - timedelta(seconds=30))

    resume(reputation.switch_of(inbox.workspace_id), by="user:1")
    reputation.guard()

    assert not Pause.objects.exists()
    assert Workspace.objects.get(pk=inbox.workspace_id).reputation.counted_from


def test_mail_of_a_week_ago_is_not_counted(inbox):
    sent(inbox, 100)
    came_back(inbox, EventType.MESSAGE_BOUNCED, 10)
    Delivery.objects.update(settled_at=timezone.now() - timedelta(days=8))

    assert reputation.figures(inbox.workspace_id).sent == 0
