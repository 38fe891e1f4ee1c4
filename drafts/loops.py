"""Two machines that answer each other: noticed by counting what we sent unattended (MAIL.md)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from events.log import emit
from events.models import EventType
from inboxes.models import Inbox, Message, Thread

MOST_PER_HOUR = 5
MOST_PER_DAY = 20
MOST_ALTERNATIONS = 4
ALTERNATION_WINDOW = timedelta(minutes=10)


def suspect_loop(inbox: Inbox, thread: Thread | None, correspondents: Sequence[str]) -> str:
    """Why one more automatic reply would be one too many; "" when it would not.

    `correspondents` are folded addresses. A suspected thread becomes drafts-only, and
    `loop.suspected` is told once, in the caller's transaction.
    """
    now = timezone.now()
    reason = _too_many(inbox, correspondents, now) or _too_quick(thread, now)
    if reason and thread is not None:
        _restrict(inbox, thread, reason)
    return reason


def _too_many(inbox: Inbox, correspondents: Sequence[str], now: datetime) -> str:
    for address in correspondents:
        sent = Message.objects.filter(
            inbox=inbox,
            direction=Message.Direction.OUTBOUND,
            unattended=True,
            recipients__contains=[address],
            created_at__gt=now - timedelta(days=1),
        ).exclude(status=Message.Status.CANCELLED)
        times = list(
            sent.order_by("-created_at").values_list("created_at", flat=True)[:MOST_PER_DAY]
        )
        if sum(at > now - timedelta(hours=1) for at in times) >= MOST_PER_HOUR:
            return f"more than {MOST_PER_HOUR} automatic replies to one correspondent in an hour"
        if len(times) >= MOST_PER_DAY:
            return f"more than {MOST_PER_DAY} automatic replies to one correspondent in a day"
    return ""


def _too_quick(thread: Thread | None, now: datetime) -> str:
    """An alternation is a mail of theirs followed by an automatic one of ours."""
    if thread is None:
        return ""
    recent = (
        Message.objects.filter(thread=thread, created_at__gt=now - ALTERNATION_WINDOW)
        .exclude(status=Message.Status.CANCELLED)
        .order_by("created_at", "id")
        .values_list("direction", "unattended")
    )
    alternations, asked = 0, False
    for direction, unattended in recent:
        if direction == Message.Direction.INBOUND:
            asked = True
        elif unattended and asked:
            alternations, asked = alternations + 1, False
    if alternations < MOST_ALTERNATIONS:
        return ""
    minutes = int(ALTERNATION_WINDOW.total_seconds() // 60)
    return f"{alternations} alternations in {minutes} minutes"


def _restrict(inbox: Inbox, thread: Thread, reason: str) -> None:
    if not Thread.objects.filter(pk=thread.pk, drafts_only=False).update(drafts_only=True):
        return
    thread.drafts_only = True
    emit(
        EventType.LOOP_SUSPECTED,
        workspace_id=inbox.workspace_id,
        inbox_id=inbox.pk,
        thread_id=thread.pk,
        payload={"reason": reason, "thread_subject": thread.subject},
    )
