"""What one listener wants to hear, within what it may."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.db.models import Q

from events.errors import Invalid, Missing
from events.frames import details_of
from events.log import BadCursor, Cursor
from events.models import NOT_ABOUT_SPAM, NOT_BY_MACHINE, Event, EventType
from events.reach import Reach

MOST_IDS = 1000
_FIELDS = frozenset(
    (
        *("type", "event_types", "inbox_ids", "workspace_ids", "pod_ids"),
        *("after", "include_spam", "include_machines"),
    )
)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Empty means: all that is in reach."""

    event_types: frozenset[str] = frozenset()
    inbox_ids: frozenset[UUID] = frozenset()
    workspace_ids: frozenset[UUID] = frozenset()
    include_spam: bool = False
    include_machines: bool = False

    @classmethod
    def asked(cls, frame: Mapping[str, Any]) -> Self:
        """From a `subscribe` frame. Raises Invalid naming the field, also one that is unknown:
        `event_type` for `event_types` would ask for everything."""
        for name in frame.keys() - _FIELDS:
            raise Invalid.field(name[:60], "There is no such field.")
        workspaces = "workspace_ids" if frame.get("workspace_ids") is not None else "pod_ids"
        return cls(
            event_types_of(_list(frame, "event_types"), "event_types"),
            _ids(frame, "inbox_ids"),
            _ids(frame, workspaces),
            _flag(frame, "include_spam"),
            _flag(frame, "include_machines"),
        )

    def wants(self, event: Event) -> bool:
        return (
            (not self.event_types or event.type in self.event_types)
            and (not self.inbox_ids or event.inbox_id in self.inbox_ids)
            and (not self.workspace_ids or event.workspace_id in self.workspace_ids)
            and (self.include_spam or not event.is_about_spam)
            and (self.include_machines or not event.is_by_machine)
        )

    def where(self, reach: Reach) -> Q:
        """The same as a condition, within `reach`."""
        condition = reach.where("read", workspace="workspace_id", inbox="inbox_id")
        if self.event_types:
            condition &= Q(type__in=self.event_types)
        if self.inbox_ids:
            condition &= Q(inbox_id__in=self.inbox_ids)
        if self.workspace_ids:
            condition &= Q(workspace_id__in=self.workspace_ids)
        if not self.include_machines:
            condition &= NOT_BY_MACHINE
        return condition if self.include_spam else condition & NOT_ABOUT_SPAM

    def check(self, reach: Reach) -> None:
        """Raise Missing where an id is out of reach, or of nothing at all. One query."""
        homes = details_of("inbox", self.inbox_ids)
        for inbox_id in self.inbox_ids:
            home = homes.get(inbox_id)
            if home is None or not reach.reaches(home["workspace_id"], inbox_id):
                raise Missing
        if not all(reach.reaches(workspace_id, None) for workspace_id in self.workspace_ids):
            raise Missing


def event_types_of(names: Collection[Any], field: str) -> frozenset[str]:
    """The event types of that name. Raises Invalid naming `field` and the unknown."""
    for name in names:
        if name not in EventType.values:
            raise Invalid.field(field, f"There is no event type {str(name)[:60]!r}.")
    return frozenset(names)


def cursor_of(letters: Any, field: str = "after") -> Cursor | None:
    """The cursor, or None where none is given. Raises Invalid naming `field`."""
    if letters is None or letters == "":
        return None
    try:
        return Cursor.read(letters)
    except (BadCursor, TypeError) as error:
        raise Invalid.field(field, "This is no cursor of this log.") from error


def _list(frame: Mapping[str, Any], name: str) -> list[Any]:
    given = frame.get(name)
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST_IDS:
        raise Invalid.field(name, f"Must be a list of at most {MOST_IDS}.")
    return given


def _flag(frame: Mapping[str, Any], name: str) -> bool:
    given = frame.get(name)
    if given is not None and not isinstance(given, bool):
        raise Invalid.field(name, "Must be true or false.")
    return bool(given)


def _ids(frame: Mapping[str, Any], name: str) -> frozenset[UUID]:
    try:
        return frozenset(UUID(one) for one in _list(frame, name))
    except (ValueError, AttributeError, TypeError) as error:
        raise Invalid.field(name, "Must be a list of UUIDs.") from error
