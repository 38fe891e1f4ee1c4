"""What a caller reaches: the one place where tenants are kept apart.

A key and a person both become a `Scope`: a list of grants. Lists are filtered by `Scope.where`,
single acts asked of `Scope.reaches`. Every query that serves a caller goes through one of them.
"""

from dataclasses import dataclass
from typing import Literal, Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from accounts.models import ApiKey, Member, User

Deed = Literal["read", "draft", "send", "review", "manage"]

DEEDS_OF_ROLE: dict[str, frozenset[str]] = {
    Member.Role.VIEWER: frozenset({"read"}),
    Member.Role.DRAFTER: frozenset({"read", "draft"}),
    Member.Role.REVIEWER: frozenset({"read", "draft", "send", "review"}),
    Member.Role.MANAGER: frozenset({"read", "draft", "send", "review", "manage"}),
}
NOTHING = Q(pk__in=[])
Row = TypeVar("Row", bound=models.Model, covariant=True)


@dataclass(frozen=True, slots=True)
class Grant:
    """Some deeds, in one workspace (None: in every one), in some inboxes (None: in all of it)."""

    deeds: frozenset[str]
    workspace_id: UUID | None
    inbox_ids: frozenset[UUID] | None

    def covers(self, workspace_id: UUID, inbox_id: UUID | None) -> bool:
        if self.workspace_id is not None and self.workspace_id != workspace_id:
            return False
        return self.inbox_ids is None or inbox_id in self.inbox_ids

    def where(self, workspace: str, inbox: str) -> Q:
        condition = Q() if self.workspace_id is None else Q(**{workspace: self.workspace_id})
        if self.inbox_ids is not None:
            condition &= Q(**{f"{inbox}__in": self.inbox_ids})
        return condition


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is asking (`actor`, as the record names them) and what they reach."""

    actor: str
    name: str
    grants: tuple[Grant, ...]
    key: ApiKey | None = None
    user: User | None = None

    @classmethod
    def of_key(cls, key: ApiKey) -> Self:
        """A key's reach. It can never hold `review`: approving is a person's act."""
        inboxes = None if key.inbox_id is None else frozenset({key.inbox_id})
        deeds = frozenset(key.permissions) & frozenset(ApiKey.Permission.values)
        grant = Grant(deeds, key.workspace_id, inboxes)
        return cls(actor=key.actor, name=key.name, grants=(grant,), key=key)

    @classmethod
    def of_user(cls, user: User) -> Self:
        """A person's reach: one grant per membership. Reads them: one query."""
        grants = tuple(
            Grant(
                DEEDS_OF_ROLE[member.role],
                member.workspace_id,
                None if member.inbox_ids is None else frozenset(member.inbox_ids),
            )
            for member in user.memberships.all()
        )
        return cls(actor=user.actor, name=str(user), grants=grants, user=user)

    def may(self, deed: Deed) -> bool:
        """True when the deed is allowed anywhere at all."""
        return any(deed in grant.deeds for grant in self.grants)

    def reaches(self, workspace_id: UUID, inbox_id: UUID | None, deed: Deed = "read") -> bool:
        """True when `deed` is allowed on that inbox (None: on the workspace as a whole)."""
        return any(
            deed in grant.deeds and grant.covers(workspace_id, inbox_id) for grant in self.grants
        )

    def where(self, deed: Deed = "read", *, workspace: str, inbox: str) -> Q:
        """The condition for rows in reach; `workspace` and `inbox` are lookup paths to the ids."""
        granted = [g.where(workspace, inbox) for g in self.grants if deed in g.deeds]
        if not granted:
            return NOTHING
        condition = granted[0]
        for more in granted[1:]:
            # Q() is true: an unlimited grant makes the whole unlimited.
            condition = Q() if not condition or not more else condition | more
        return condition


class ScopedQuerySet(models.QuerySet[Row]):
    """Rows of a tenant. A subclass names its paths to the two ids."""

    workspace_path = "workspace_id"
    inbox_path = "inbox_id"

    def within(self, scope: Scope, deed: Deed = "read") -> Self:
        """Only what `scope` may do `deed` to. Everything else does not exist for this caller."""
        return self.filter(scope.where(deed, workspace=self.workspace_path, inbox=self.inbox_path))
