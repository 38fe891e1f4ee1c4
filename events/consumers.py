"""The two sockets: `/v1/ws` for agents, `/live` for the dashboard. The protocol is in API.md."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error

from events import frames, log
from events.errors import Invalid, MailAgentError
from events.frames import Told
from events.keeper import keeper
from events.log import Cursor, CursorExpired
from events.off_loop import off_loop
from events.outbox import Outbox
from events.reach import Fresh, Reach
from events.subscription import Subscription, cursor_of
from events.tail import tail

logger = logging.getLogger(__name__)

FELL_BEHIND = 4008
NO_LONGER_WELCOME = 4001
MOST_OCTETS_IN = 64 * 1024
READ_AT_ONCE = 100
RETRY_AFTER = 1.0  # seconds


class EventSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """What both sockets share: first what was missed, then what is live, at the reader's pace.

    The ASGI scope names `reach` (what the caller may read), `known_as` and `fresh` (how to ask
    whether that still holds).
    """

    # Not the layer: each process follows the log once for all its sockets (`events.tail`).
    channel_layer_alias = "none"
    wants_details: ClassVar[bool]

    reach: Reach
    fresh: Fresh
    known_as: str

    async def connect(self) -> None:
        self.reach, self.fresh = self.scope["reach"], self.scope["fresh"]
        self.known_as = self.scope["known_as"]
        self.subscription = Subscription()
        self.position: Cursor | None = None
        self._is_live = False
        self._catching_up: asyncio.Task[None] | None = None
        await self.accept()
        self.outbox = Outbox(self._send_text, self._fall_behind)
        keeper().watch(self)

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "outbox"):
            self._stop()

    def _stop(self) -> None:
        keeper().forget(self)
        tail().leave(self)
        if self._catching_up:
            self._catching_up.cancel()
        self.outbox.close()

    async def _send_text(self, text: str) -> None:
        await self.send(text_data=text)

    async def _fall_behind(self) -> None:
        self._stop()
        await self.close(code=FELL_BEHIND)

    async def turn_away(self) -> None:
        """The key was revoked or has expired; the session has ended."""
        self._stop()
        await self.close(code=NO_LONGER_WELCOME)

    def ping(self) -> None:
        self.outbox.put(frames.ping(self._seen()))

    def _seen(self) -> Cursor | None:
        """Everything before this has been queued, wanted or not."""
        if self.position is None or not self._is_live:
            return self.position
        return max(self.position, tail().position)

    async def follow(self, after: Cursor | None) -> None:
        """Hear everything after a cursor (None: from now on), in place of what was heard so far."""
        tail().leave(self)
        self._is_live = False
        if self._catching_up:
            self._catching_up.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._catching_up
        await tail().begun()
        if after is not None and not await off_loop(partial(_is_kept, after)):
            after = None
            self.outbox.put(frames.reset(tail().position))
        self.position = after or tail().position
        self.tell_subscribed()
        if after is None:
            self._go_live()
        else:
            self._catching_up = asyncio.create_task(self._catch_up())

    def _go_live(self) -> None:
        self._is_live = True
        tail().join(self)

    def tell_subscribed(self) -> None:
        """Tell that everything after `position` will follow."""
        raise NotImplementedError

    async def _catch_up(self) -> None:
        """Read what was missed; go live once the tail has nothing that we have not."""
        try:
            while await self._read_on_in_spite_of_outages():
                pass
        except CursorExpired:  # Pruned under our hands.
            self.outbox.put(frames.reset(tail().position))
            self.position = tail().position
        self._go_live()

    async def _read_on_in_spite_of_outages(self) -> bool:
        try:
            return await self._read_on()
        except Error as error:
            logger.warning("a catch-up waits for the database: %s", type(error).__name__)
            await asyncio.sleep(RETRY_AFTER)
            return True

    async def _read_on(self) -> bool:
        """Queue the next missed events. False when there are none that the tail will not tell."""
        position = self.position
        assert position is not None  # noqa: S101 - `follow` has set it
        before = tail().position
        where, tell = self.subscription.where(self.reach), self._tell
        batch, told = await off_loop(
            lambda: tell(log.read_whole(position, limit=READ_AT_ONCE, where=where))
        )
        for one in told:
            await self.outbox.offer(self.text_of(one))
        # All that lies before `before` has been read when the batch is not full.
        self.position = batch.end if batch.full else max(batch.end, before)
        return batch.full or self.position < tail().position

    def _tell(self, batch: log.Batch) -> tuple[log.Batch, list[Told]]:
        tell = frames.tell if self.wants_details else frames.plainly
        return batch, tell(batch.events, batch.end.era)

    def hear(self, told: Sequence[Told]) -> None:
        """Queue what the tail tells, as far as it is wanted, in reach, and not yet sent."""
        for one in told:
            event = one.event
            if self.position is not None and one.cursor <= self.position:
                continue
            if self.subscription.wants(event) and self.reach.reaches(
                event.workspace_id, event.inbox_id
            ):
                self.outbox.put(*self.shared_text_of(one))

    def text_of(self, told: Told) -> str:
        """The frame of one event."""
        raise NotImplementedError

    def shared_text_of(self, told: Told) -> tuple[str, int]:
        """The same, made once for all sockets, with its octets."""
        raise NotImplementedError


class AgentSocket(EventSocket):
    """GET /v1/ws"""

    wants_details = True

    async def connect(self) -> None:
        await super().connect()
        self.outbox.put(frames.connected(self.reach.actor))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            await self._obey(text_data)
        except MailAgentError as refusal:
            self.outbox.put(frames.error(refusal.code, refusal.sentence))
        except Error as error:
            logger.warning("a frame could not be obeyed: %s", type(error).__name__)
            away = "The database is away. Nothing was done; please try again."
            self.outbox.put(frames.error("UNAVAILABLE", away))

    async def _obey(self, text: str | None) -> None:
        if text is None:
            raise Invalid("Frames are JSON text, not binary.")
        if len(text.encode()) > MOST_OCTETS_IN:
            raise TooLarge
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Invalid("This frame is not JSON.") from error
        if not isinstance(frame, dict):
            raise Invalid("A frame is a JSON object with a `type`.")
        match frame.get("type"):
            case "subscribe":
                await self._subscribe(frame)
            case "ping":
                self.outbox.put(frames.pong())
            case "pong":
                pass
            case other:
                raise UnknownFrame(f"There is no frame of type {str(other)[:60]!r}.")

    async def _subscribe(self, frame: dict[str, Any]) -> None:
        asked, after = Subscription.asked(frame), cursor_of(frame.get("after"))
        reach = self.reach
        await off_loop(lambda: asked.check(reach))
        self.subscription = asked
        await self.follow(after)

    def tell_subscribed(self) -> None:
        asked = self.subscription
        assert self.position is not None  # noqa: S101 - `follow` has set it
        self.outbox.put(
            frames.subscribed(
                asked.event_types, asked.inbox_ids, asked.workspace_ids, self.position
            )
        )

    def text_of(self, told: Told) -> str:
        return frames.event_text(told)

    def shared_text_of(self, told: Told) -> tuple[str, int]:
        return told.event_text


class LiveSocket(EventSocket):
    """GET /live?after=<cursor>: signals for the pages of a person who is signed in."""

    wants_details = False

    async def connect(self) -> None:
        await super().connect()
        self.subscription = Subscription(include_spam=True)  # Junk is a page, too
        asked = parse_qs(self.scope["query_string"].decode("ascii", "replace"))
        try:
            after = cursor_of(asked.get("after", [""])[0])
        except Invalid:
            after = None
        await self.follow(after)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """The pages only listen."""

    def tell_subscribed(self) -> None:
        assert self.position is not None  # noqa: S101 - `follow` has set it
        self.outbox.put(frames.connected(self.reach.actor, self.position))

    def text_of(self, told: Told) -> str:
        return frames.signal_text(told)

    def shared_text_of(self, told: Told) -> tuple[str, int]:
        return told.signal_text


def _is_kept(after: Cursor) -> bool:
    try:
        log.check(after)
    except CursorExpired:
        return False
    return True


class TooLarge(MailAgentError):
    code = "TOO_LARGE"

    def __init__(self) -> None:
        super().__init__(f"A frame has at most {MOST_OCTETS_IN} octets.")


class UnknownFrame(MailAgentError):
    code = "UNKNOWN_TYPE"
