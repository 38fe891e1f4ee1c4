"""What the event log asks of whoever listens. `accounts.scope.Scope` answers; `events` stands
below `accounts` and knows only this shape of it."""

from collections.abc import Callable, Collection
from typing import Literal, Protocol
from uuid import UUID

from django.db.models import Q


class Reach(Protocol):
    """What a caller may read."""

    @property
    def actor(self) -> str: ...

    def reaches(
        self, workspace_id: UUID, inbox_id: UUID | None, deed: Literal["read"] = "read"
    ) -> bool: ...

    def where(self, deed: Literal["read"] = "read", *, workspace: str, inbox: str) -> Q: ...


# From what callers are known by (a key's id, a session) to the reach of those still welcome.
Fresh = Callable[[Collection[str]], dict[str, Reach]]
