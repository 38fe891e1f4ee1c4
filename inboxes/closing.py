"""Deleting an inbox, and taking that back. Its mail stays; its addresses are kept for 30 days."""

from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from events import audit
from inboxes.models import Address, Inbox
from inboxes.opening import new_password

RESTORABLE = timedelta(days=30)


@transaction.atomic
def close_inbox(inbox: Inbox, *, by: str) -> None:
    """From now on it takes no mail, and is there for nobody. What was decided still leaves."""
    alive = Inbox.objects.filter(pk=inbox.pk, deleted_at=None)
    if alive.update(deleted_at=timezone.now()):
        _record(inbox, "inbox.close", by)


@transaction.atomic
def restore_inbox(inbox: Inbox, *, by: str) -> None:
    """As it was before it was deleted, keys and password included."""
    if Inbox.objects.filter(pk=inbox.pk, deleted_at__isnull=False).update(deleted_at=None):
        _record(inbox, "inbox.restore", by)


def free_expired(addresses: Iterable[str]) -> None:
    """Take those of `addresses` from inboxes that were deleted too long ago to come back."""
    gone = timezone.now() - RESTORABLE
    Address.objects.filter(address__in=list(addresses), inbox__deleted_at__lt=gone).delete()


@transaction.atomic
def renew_password(inbox: Inbox, *, by: str) -> str:
    """A new password for mail clients, shown this once; the old one opens nothing any more."""
    password = new_password()
    Inbox.objects.filter(pk=inbox.pk).update(password=make_password(password))
    _record(inbox, "inbox.password", by)
    return password


def _record(inbox: Inbox, action: str, by: str) -> None:
    audit.record(inbox.workspace_id, actor=by, action=action, subject=f"inbox:{inbox.pk}")
