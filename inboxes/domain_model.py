"""Domains whose mail we take and send. Import them from `inboxes.models`."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Workspace
from accounts.scope import ScopedQuerySet
from events.ids import new_id

HELD = Q(owned_at__isnull=False) | Q(inbound_enabled=True) | Q(outbound_enabled=True)


class DomainQuerySet(ScopedQuerySet["Domain"]):
    inbox_path = "inboxes__id"

    def held(self) -> Self:
        """Not merely claimed: ownership is proved, or an admin vouched for it."""
        return self.filter(HELD)


class Domain(models.Model):
    """A domain whose mail we take and send. In and out are enabled by what the DNS verifies.

    Several workspaces may claim a name; one at most holds it. What an admin enabled by hand
    (`owned_at` is empty) is not taken away by the DNS before that has once proved ownership.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        VERIFYING = "verifying"
        VERIFIED = "verified"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="domains")
    name = models.CharField(max_length=255, help_text="A-labels, lower case.")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    inbound_enabled = models.BooleanField(default=False)
    outbound_enabled = models.BooleanField(default=False)
    owned_at = models.DateTimeField(
        null=True, editable=False, help_text="When the DNS proved that the workspace owns it."
    )
    dns_answers = models.JSONField(
        default=dict, editable=False, help_text="What the DNS last said, by type and name."
    )
    checked_at = models.DateTimeField(null=True, editable=False)
    next_check_at = models.DateTimeField(null=True, default=timezone.now, editable=False)
    failing_since = models.DateTimeField(
        null=True, editable=False, help_text="A record that enabled something is gone since then."
    )
    failed_checks = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = DomainQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="domain_folded", condition=Q(name=Lower("name"))),
            models.UniqueConstraint(fields=["workspace", "name"], name="domain_claimed_once"),
            models.UniqueConstraint(fields=["name"], condition=HELD, name="domain_held_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["name"], name="domain_name"),
            models.Index(
                fields=["next_check_at"],
                condition=Q(next_check_at__isnull=False),
                name="domain_check_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_held(self) -> bool:
        """As `DomainQuerySet.held`."""
        return self.owned_at is not None or self.inbound_enabled or self.outbound_enabled
