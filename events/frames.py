"""What an event looks like on the wire, field by field: WebSocket frames in snake_case, polled
and posted events in camelCase. Bodies are not in the log; those who own them lend a loader."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from events.log import Cursor, place
from events.models import Event
from events.wire import moment

Kind = Literal["message", "draft", "inbox"]
Details = dict[str, Any]
Loader = Callable[[Collection[UUID]], dict[UUID, Details]]

BODIES = ("plain_body", "html_body", "reply_text")
# Octets per body. Clients commonly refuse frames above 1 MiB: what does not fit is cut further.
CUTS = (256 * 1024, 64 * 1024, 8 * 1024)
MOST_OCTETS = 960 * 1024
_loaders: dict[Kind, Loader] = {}


def register_details(kind: Kind, loader: Loader) -> None:
    """Lend a loader, at start-up. It takes ids and answers a map from id to details; ids that are
    gone are left out. "message" and "draft": the bodies (`plain_body`, `html_body`, for messages
    `reply_text`) and whatever else the frame shall carry; "inbox": its `workspace_id`.
    """
    _loaders[kind] = loader


def details_of(kind: Kind, ids: Collection[UUID]) -> dict[UUID, Details]:
    """The details of all `ids` in one go; empty where nobody lent a loader."""
    loader = _loaders.get(kind)
    return loader(ids) if loader and ids else {}


@dataclass(frozen=True)
class Told:
    """One event with its place, told once and shared by everyone who listens."""

    event: Event
    cursor: Cursor
    details: Details

    @cached_property
    def event_text(self) -> tuple[str, int]:
        """The `event` frame and its octets."""
        text = event_text(self)
        return text, len(text.encode())

    @cached_property
    def signal_text(self) -> tuple[str, int]:
        """The dashboard's signal and its octets."""
        text = signal_text(self)
        return text, len(text.encode())


def tell(events: Sequence[Event], era: int) -> list[Told]:
    """Each event with the details of its message or draft: at most one query of each kind."""
    kinds: tuple[Kind, ...] = ("message", "draft")
    details = {
        kind: details_of(kind, {subject for event in events if (subject := _subject(event, kind))})
        for kind in kinds
    }
    return [Told(event, place(event, era), _details(event, details)) for event in events]


def _details(event: Event, details: Mapping[Kind, Mapping[UUID, Details]]) -> Details:
    for kind, known in details.items():
        if subject := _subject(event, kind):
            return known.get(subject, {})
    return {}


def _subject(event: Event, kind: Kind) -> UUID | None:
    """The message of a message event, the draft of a draft event."""
    if not event.type.startswith(f"{kind}."):
        return None
    return event.message_id if kind == "message" else event.draft_id


def plainly(events: Sequence[Event], era: int) -> list[Told]:
    """Each event without details."""
    return [Told(event, place(event, era), {}) for event in events]


def event_id(event: Event) -> str:
    """The name of an event on every wire; the same on each, so that repeats can be told."""
    return name_of(event.event_id)


def name_of(event_id: UUID) -> str:
    """As `event_id`, where only the id is at hand."""
    return f"evt_{event_id.hex}"


# --- WebSocket, snake_case ----------------------------------------------------------------


def event_text(told: Told) -> str:
    """The `event` frame as JSON text, under the most octets that common clients take."""
    text = ""
    for cut in CUTS:
        text = _json(_event_frame(told, cut))
        if len(text.encode()) <= MOST_OCTETS:
            break
    return text


def _event_frame(told: Told, cut: int) -> dict[str, Any]:
    event = told.event
    kind = event.type.partition(".")[0]
    frame: dict[str, Any] = {
        "type": "event",
        "event_type": event.type,
        "event_id": event_id(event),
        "cursor": str(told.cursor),
        "created_at": moment(event.created_at),
    }
    if kind == "message":
        frame["message"] = _message(told, cut)
    elif kind == "draft":
        frame["draft"] = _draft(told, cut)
    elif kind != "thread":
        frame[kind] = {"inbox_id": _text(event.inbox_id), **_facts(event.payload)}
    if event.thread_id is not None:
        frame["thread"] = _thread(event, kind)
    return frame


def _message(told: Told, cut: int) -> dict[str, Any]:
    event, payload = told.event, told.event.payload
    declared = {
        "inbox_id": _text(event.inbox_id),
        "message_id": _text(event.message_id),
        "thread_id": _text(event.thread_id),
        "from": payload.get("from"),
        "to": payload.get("to", []),
        "subject": payload.get("subject"),
        **_bodies(told.details, cut),
        "timestamp": payload.get("timestamp"),
        "attachments": payload.get("attachments", []),
    }
    return {**_facts(payload), **declared, **_truncated(told.details, cut)}


def _draft(told: Told, cut: int) -> dict[str, Any]:
    event, payload = told.event, told.event.payload
    declared = {
        "inbox_id": _text(event.inbox_id),
        "draft_id": _text(event.draft_id),
        "thread_id": _text(event.thread_id),
        "message_id": _text(event.message_id),
        "status": payload.get("status"),
        "version": payload.get("version"),
        "subject": payload.get("subject"),
        **_bodies(told.details, cut, names=BODIES[:2]),
    }
    return {**_more(told), **_facts(payload), **declared, **_truncated(told.details, cut)}


def _thread(event: Event, kind: str) -> dict[str, Any]:
    subject = event.payload.get("thread_subject", event.payload.get("subject"))
    more = _facts(event.payload) if kind == "thread" else {}
    return {**more, "thread_id": _text(event.thread_id), "subject": subject}


def signal_text(told: Told) -> str:
    """The dashboard's signal: what changed, and never any text of it."""
    event = told.event
    return _json(
        {
            "type": "changed",
            "event_type": event.type,
            "draft_id": _text(event.draft_id),
            "thread_id": _text(event.thread_id),
            "message_id": _text(event.message_id),
            "inbox_id": _text(event.inbox_id),
            "cursor": str(told.cursor),
        }
    )


def connected(actor: str, cursor: Cursor | None = None) -> str:
    """`cursor`: what is live follows from it (the dashboard's socket subscribes by connecting)."""
    more = {"cursor": str(cursor)} if cursor else {}
    return _json({"type": "connected", "actor": actor, **more})


def subscribed(
    event_types: Collection[str],
    inbox_ids: Collection[UUID],
    workspace_ids: Collection[UUID],
    cursor: Cursor,
) -> str:
    return _json(
        {
            "type": "subscribed",
            "event_types": sorted(event_types),
            "inbox_ids": sorted(map(str, inbox_ids)),
            "workspace_ids": sorted(map(str, workspace_ids)),
            "cursor": str(cursor),
        }
    )


def ping(cursor: Cursor | None) -> str:
    """`cursor`: everything before it has been sent, also where nothing was of interest."""
    return _json({"type": "ping", "cursor": str(cursor) if cursor else None})


def pong() -> str:
    return _json({"type": "pong"})


def reset(cursor: Cursor) -> str:
    """The cursor given was older than the log. What is live follows from `cursor` on."""
    return _json({"type": "reset", "cursor": str(cursor)})


def error(code: str, message: str) -> str:
    return _json({"type": "error", "code": code, "message": message})


# --- Polling and webhooks, camelCase, flat ------------------------------------------------


def flat(told: Told, *, cut: int = CUTS[0]) -> dict[str, Any]:
    """One event as polling answers it and webhooks post it."""
    event = told.event
    declared: dict[str, Any] = {
        "event": event.type,
        "eventId": event_id(event),
        "createdAt": moment(event.created_at),
        "inboxId": _text(event.inbox_id),
        "messageId": _text(event.message_id),
        "threadId": _text(event.thread_id),
        "draftId": _text(event.draft_id),
        "cursor": str(told.cursor),
    }
    facts = {camel(name): value for name, value in {**_more(told), **event.payload}.items()}
    if "attachments" in facts:
        facts["attachments"] = [_flat_attachment(one) for one in facts["attachments"]]
    if event.type.startswith(("message.", "draft.")):
        bodies = _bodies(told.details, cut)
        facts["plainBody"], facts["htmlBody"] = bodies["plain_body"], bodies["html_body"]
        if event.type.startswith("message."):
            facts["replyText"] = bodies["reply_text"]
    return {**facts, **declared, **_truncated(told.details, cut)}


def _flat_attachment(attachment: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": attachment.get("id"),
        "filename": attachment.get("filename"),
        "contentType": attachment.get("content_type"),
        "sizeBytes": attachment.get("size_bytes"),
        "contentId": attachment.get("content_id"),
        "inline": attachment.get("inline"),
    }


def camel(name: str) -> str:
    """The camelCase of one fact's name. Facts are named by our code, never by a customer."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


# --- Shared -------------------------------------------------------------------------------


def _bodies(details: Details, cut: int, names: Sequence[str] = BODIES) -> dict[str, str | None]:
    return {name: _cut(details.get(name), cut) for name in names}


def _truncated(details: Details, cut: int) -> dict[str, bool]:
    """`truncated: true` where a body was cut; the whole is behind the REST path."""
    cuts = any(_cut(details.get(name), cut) != details.get(name) for name in BODIES)
    return {"truncated": True} if cuts else {}


def _cut(body: str | None, octets: int) -> str | None:
    if body is None or len(body) * 4 <= octets:
        return body
    encoded = body.encode()
    if len(encoded) <= octets:
        return body
    return encoded[:octets].decode(errors="ignore")


def _facts(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != "thread_subject"}


def _more(told: Told) -> dict[str, Any]:
    return {name: value for name, value in told.details.items() if name not in BODIES}


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _json(frame: Mapping[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"), default=str)
