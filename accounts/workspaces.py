"""Workspaces: which of them a caller reaches, and their beginning and end, on record."""

from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import keys
from accounts.models import Workspace
from accounts.scope import Deed, Scope
from events import audit
from events.errors import Conflict, Forbidden, Invalid, Missing


class WorkspaceNotEmpty(Conflict):
    """It still has inboxes. `details.inboxes` says how many."""

    code = "WORKSPACE_NOT_EMPTY"


def reachable_workspaces(scope: Scope, deed: Deed = "read") -> QuerySet[Workspace]:
    """Those that the caller reaches as a whole: none for a key that reaches single inboxes."""
    whole = [grant for grant in scope.grants if grant.inbox_ids is None and deed in grant.deeds]
    alive = Workspace.objects.filter(deleted_at=None)
    if any(grant.workspace_id is None for grant in whole):
        return alive
    return alive.filter(pk__in=[grant.workspace_id for grant in whole])


def find_workspace(scope: Scope, workspace_id: UUID, deed: Deed = "read") -> Workspace:
    """The workspace of that id. Raises Missing."""
    found = reachable_workspaces(scope, deed).filter(pk=workspace_id).first()
    if found is None:
        raise Missing
    return found


def asked_workspace(
    scope: Scope, workspace_id: UUID | None, deed: Deed = "manage", *, field: str = "workspaceId"
) -> Workspace:
    """The workspace that a call is about: the one named, else the only one that the key reaches.

    Raises Missing for one out of reach, Forbidden for a key of single inboxes, and Invalid, naming
    `field`, where a key that reaches several names none.
    """
    if workspace_id is not None:
        return find_workspace(scope, workspace_id, deed)
    found = list(reachable_workspaces(scope, deed)[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise Invalid.field(field, "This key reaches several workspaces: name one.")
    raise Forbidden("This belongs to a workspace as a whole: it takes a wk_ key, or a tk_ key.")


@transaction.atomic
def open_workspace(name: str, *, automatic_sending: bool, by: str) -> Workspace:
    """A new tenant, with nothing in it."""
    workspace = Workspace.objects.create(name=name, automatic_sending=automatic_sending)
    _record(workspace, "workspace.open", by)
    return workspace


@transaction.atomic
def change_workspace(workspace: Workspace, changes: dict[str, object], *, by: str) -> None:
    """Set the fields named in `changes`; the record names old and new."""
    locked = Workspace.objects.select_for_update().get(pk=workspace.pk)
    altered = {name: new for name, new in changes.items() if getattr(locked, name) != new}
    if not altered:
        return
    told = {name: [getattr(locked, name), new] for name, new in altered.items()}
    for name, value in altered.items():
        setattr(locked, name, value)
        setattr(workspace, name, value)
    locked.save(update_fields=list(altered))
    _record(locked, "workspace.change", by, changes=told)


@transaction.atomic
def close_workspace(workspace: Workspace, *, by: str) -> None:
    """End it and all its keys; what was decided stays on record. Raises WorkspaceNotEmpty."""
    Workspace.objects.select_for_update().get(pk=workspace.pk)
    # `inboxes` stands above this part: its model is asked for by name.
    inboxes = apps.get_model("inboxes", "Inbox").objects.filter(workspace_id=workspace.pk)
    if living := inboxes.filter(deleted_at=None).count():
        raise WorkspaceNotEmpty("This workspace has inboxes: delete them first.", inboxes=living)
    for key in workspace.keys.filter(revoked_at=None):
        keys.revoke(key, by=by)
    Workspace.objects.filter(pk=workspace.pk).update(deleted_at=timezone.now())
    _record(workspace, "workspace.close", by)


def _record(workspace: Workspace, action: str, by: str, **details: object) -> None:
    subject = f"workspace:{workspace.pk}"
    audit.record(workspace.pk, actor=by, action=action, subject=subject, details=details)
