"""Address health: what our own mail says of an address. A constant number of queries, each by an
index and within what the caller reaches."""

from datetime import timedelta
from operator import itemgetter
from typing import Any

from django.db.models import CharField, Count, Max, Q, QuerySet, Value
from django.utils import timezone

from accounts.scope import Scope
from events.wire import moment
from inboxes.models import Inbox, Message, Thread
from outbound.models import Delivery, Suppression
from tracking.counting import opens_of
from tracking.models import Absence, DeliveryReport
from tracking.reports import Kind

MOST_COUNTED = 1_000
THREADS = 10
ABSENT_FOR = timedelta(days=14)
_PLACE = ("message_id", "message__inbox_id")


def health_of(address: str, scope: Scope) -> dict[str, Any]:
    """Everything known of the folded `address`; nothing, for one nobody here ever heard of."""
    inboxes = Inbox.objects.alive().within(scope)
    suppressions = _suppressions(address, scope)
    written = Message.objects.filter(inbox__in=inboxes, direction=Message.Direction.INBOUND)
    written = written.filter(header_from=address)
    deliveries = Delivery.objects.filter(rcpt_to=address, message__inbox__in=inboxes)
    left = deliveries.filter(status=Delivery.Status.SENT)
    threads = Thread.objects.listed().filter(inbox__in=inboxes, participants__contains=[address])
    received, last_received_at = _count_and_latest(written, "received_at")
    sent, last_sent_at = _count_and_latest(left, "settled_at")
    complaints = [one for one in suppressions if one.reason == "complaint"]
    return {
        "address": address,
        "isSuppressed": bool(suppressions),
        "suppressions": suppressions,
        "lastBounce": _last_bounce(address, inboxes, deliveries),
        "complaint": complaints[0] if complaints else None,
        "outOfOffice": _absence(address, inboxes),
        "opens": opens_of(address, inboxes),
        "received": received,
        "sent": sent,
        "lastReceivedAt": last_received_at,
        "lastSentAt": last_sent_at,
        "threads": list(threads.order_by("-last_message_at", "-id")[:THREADS]),
    }


def _suppressions(address: str, scope: Scope) -> list[Suppression]:
    """Those in force. The key of an inbox is told of them, too: its mail is refused by them."""
    in_force = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    whole = scope.where("read", workspace="workspace_id", inbox="workspace__inboxes__id")
    found = Suppression.objects.filter(whole, in_force, address=address).distinct()
    return list(found.order_by("created_at", "id"))


def _last_bounce(
    address: str, inboxes: QuerySet[Inbox], deliveries: QuerySet[Delivery]
) -> dict[str, Any] | None:
    """The last report that counted; else the last failure, which nobody classed. One query."""
    reports = DeliveryReport.objects.filter(
        workspace__in=inboxes.values("workspace"),
        address=address,
        message__inbox__in=inboxes,
        state=DeliveryReport.State.COUNTED,
        kind__in=[Kind.HARD, Kind.SOFT],
    )
    reported = reports.order_by("-created_at").values_list(
        Value(0), "created_at", "kind", "why", "status", "reply_code", "words", *_PLACE
    )
    failed = deliveries.filter(status=Delivery.Status.FAILED).order_by("-settled_at")
    unclassed = failed.values_list(
        Value(1),
        "settled_at",
        Value("soft", output_field=CharField()),
        Value("other", output_field=CharField()),
        Value("", output_field=CharField()),
        "last_code",
        "last_reply",
        *_PLACE,
    )
    found = sorted(reported[:1].union(unclassed[:1], all=True), key=itemgetter(0))
    if not found:
        return None
    _, at, kind, reason, status, code, reply, message_id, inbox_id = found[0]
    return {
        "at": moment(at),
        "kind": kind,
        "reason": reason,
        "status": status,
        "code": code,
        "reply": reply,
        "messageId": message_id,
        "inboxId": inbox_id,
    }


def _absence(address: str, inboxes: QuerySet[Inbox]) -> dict[str, Any] | None:
    """The last out of office, until its date; one that names none is believed for a while."""
    now = timezone.now()
    told = Absence.objects.filter(workspace__in=inboxes.values("workspace"), address=address)
    found = told.filter(message__inbox__in=inboxes).filter(
        Q(back_on__gte=now.date()) | Q(back_on=None, told_at__gt=now - ABSENT_FOR)
    )
    last = found.order_by("-told_at").first()
    if last is None:
        return None
    return {
        "backOn": last.back_on,
        "writeTo": last.write_to,
        "words": last.words,
        "toldAt": moment(last.told_at),
        "messageId": last.message_id,
    }


def _count_and_latest(rows: QuerySet[Any], name: str) -> tuple[int, str | None]:
    """How many there are, counted so far as is told, and the latest `name` of the newest."""
    newest = rows.order_by("-created_at").values(name)[:MOST_COUNTED]
    found = newest.aggregate(count=Count("*"), latest=Max(name))
    return found["count"], moment(found["latest"])
