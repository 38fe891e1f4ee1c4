"""From the log to deliveries: each event once for each webhook that wants it."""

import json
import logging
import time
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Q

from events import frames, log
from events.frames import Told
from events.log import Cursor, CursorExpired
from events.models import NOT_ABOUT_SPAM, NOT_BY_MACHINE, Event
from events.webhooks import claims
from events.webhooks.models import Webhook, WebhookCursor, WebhookDelivery

logger = logging.getLogger(__name__)

AT_ONCE = 200
KEEP_EVERY = 60.0  # seconds; a stretch that nobody wants is read again at worst


class Feeder:
    """Reads on in the log. Any number may run: the cursor's row lets each stretch pass once."""

    def __init__(self) -> None:
        self._kept: Cursor | None = None  # as the database has it
        self._position: Cursor | None = None
        self._kept_at = 0.0

    def feed(self) -> log.Batch | None:
        """Turn the next events into deliveries. None: another feeder was first, call again."""
        try:
            batch = log.read_whole(self._from(), limit=AT_ONCE)
        except CursorExpired:
            self._begin_anew()
            return None
        # Only after reading the log: a webhook that began before these events is seen.
        rows = deliveries_of(batch.events, batch.end.era)
        is_long_ago = time.monotonic() - self._kept_at > KEEP_EVERY
        if (rows or is_long_ago) and not self._keep(batch.end, rows):
            return None
        self._position = batch.end
        return batch

    def skip(self) -> None:
        """Nobody listens: read nothing, and now and then go on to the present.

        The end of the log is taken first: a webhook that begins before it is seen, and then
        nothing is passed over.
        """
        self._from()
        if time.monotonic() - self._kept_at > KEEP_EVERY:
            end = log.end()
            if not claims.anyone_listens() and self._keep(end, []):
                self._position = end

    def _from(self) -> Cursor:
        """Where to read on."""
        if self._kept is None or self._position is None:
            self._kept = self._position = _kept_cursor()
            self._kept_at = time.monotonic()
        return self._position

    def _keep(self, end: Cursor, rows: Sequence[WebhookDelivery]) -> bool:
        """The rows and the cursor in one transaction; False when the cursor is not where it was."""
        before, self._kept = self._kept, None
        assert before is not None  # noqa: S101 - `feed` has set it
        with transaction.atomic():
            if not _move(before, end):
                return False
            WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
        self._kept, self._kept_at = end, time.monotonic()
        return True

    def _begin_anew(self) -> None:
        """Nobody read for longer than the log is kept, or it was restored into a new database.
        What was fed before stays fed: a webhook has each event once."""
        assert self._kept is not None  # noqa: S101 - `feed` has set it
        oldest = log.oldest()
        if oldest.era != self._kept.era:  # All that was restored stands at 0: `log.begin_era`.
            oldest = Cursor(oldest.era, 0, self._kept.event)
        logger.warning("webhooks: the log has moved on beyond the cursor")
        _move(self._kept, oldest)
        self._kept = None


def _kept_cursor() -> Cursor:
    oldest = log.oldest()  # The first time: each webhook knows itself where it begins.
    fields = {"era": oldest.era, "transaction": oldest.transaction, "event": oldest.event}
    row, _ = WebhookCursor.objects.get_or_create(pk=1, defaults=fields)
    return Cursor(row.era, row.transaction, row.event)


def _move(before: Cursor, after: Cursor) -> bool:
    row = WebhookCursor.objects.filter(
        pk=1, era=before.era, transaction=before.transaction, event=before.event
    )
    return bool(row.update(era=after.era, transaction=after.transaction, event=after.event))


def deliveries_of(events: Sequence[Event], era: int) -> list[WebhookDelivery]:
    """Unsaved deliveries of these events to the active webhooks that want them."""
    if not events:
        return []
    workspaces = {event.workspace_id for event in events}
    webhooks = list(Webhook.objects.filter(is_active=True, workspace_id__in=workspaces))
    pairs = [(event, one) for event in events for one in webhooks if wants(one, event, era)]
    told = _told_of((event for event, _ in pairs), era)
    return [_delivery(one, told[event.pk]) for event, one in pairs]


def deliveries_for(webhook: Webhook, events: Sequence[Event], era: int) -> list[WebhookDelivery]:
    """Unsaved deliveries of all these events to one webhook."""
    return [_delivery(webhook, told) for told in frames.tell(events, era)]


def _told_of(events: Iterable[Event], era: int) -> dict[int, Told]:
    """Each event with its bodies, by its number."""
    once = {event.pk: event for event in events}
    return {one.event.pk: one for one in frames.tell(list(once.values()), era)}


def wants(webhook: Webhook, event: Event, era: int) -> bool:
    """Whether this webhook is to be told: its own events, since it began."""
    return (
        event.workspace_id == webhook.workspace_id
        and webhook.inbox_id in (None, event.inbox_id)
        and event.type in webhook.events
        and (webhook.include_spam or not event.is_about_spam)
        and not event.is_by_machine
        and (era, event.transaction) >= (webhook.since_era, webhook.since_transaction)
    )


def wanted(webhook: Webhook) -> Q:
    """The same as a condition on events, whenever they were."""
    condition = Q(workspace_id=webhook.workspace_id, type__in=webhook.events) & NOT_BY_MACHINE
    if not webhook.include_spam:
        condition &= NOT_ABOUT_SPAM
    return condition if webhook.inbox_id is None else condition & Q(inbox_id=webhook.inbox_id)


def _delivery(webhook: Webhook, told: Told) -> WebhookDelivery:
    return WebhookDelivery(
        webhook=webhook,
        event_id=told.event.event_id,
        event_type=told.event.type,
        era=told.cursor.era,
        transaction=told.event.transaction,
        event_number=told.event.pk,
        payload=json.dumps(
            frames.flat(told), ensure_ascii=False, separators=(",", ":"), default=str
        ),
    )
