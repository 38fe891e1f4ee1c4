"""What came back about our mail. Import it from `tracking.models`."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Workspace
from accounts.scope import ScopedQuerySet
from events.ids import new_id
from inboxes.models import Message
from outbound.models import Delivery
from tracking.reports import Class, Kind


def choices(kinds: type[Kind] | type[Class]) -> list[tuple[str, str]]:
    return [(each.value, each.value) for each in kinds]


class DeliveryReportQuerySet(ScopedQuerySet["DeliveryReport"]):
    workspace_path = "workspace_id"
    inbox_path = "message__inbox_id"


class DeliveryReport(models.Model):
    """What somebody told us of a delivery: once each, however often it is told."""

    class State(models.TextChoices):
        COUNTED = "counted"
        OTHER_RECIPIENT = "other_recipient"  # of nobody whom the message went to: no effect
        NO_EFFECT = "no_effect"  # a complaint that is none, an old delay

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="delivery_reports")
    delivery = models.ForeignKey(
        Delivery, models.CASCADE, null=True, related_name="reports", db_index=False
    )
    address = models.CharField(max_length=320)  # folded
    kind = models.CharField(max_length=20, choices=choices(Kind))
    why = models.CharField(max_length=20, choices=choices(Class), blank=True)
    status = models.CharField(max_length=12, blank=True)  # RFC 3463
    reply_code = models.PositiveSmallIntegerField(null=True)
    words = models.TextField(blank=True)  # the server's own
    source = models.CharField(max_length=40)  # smtp, mail, or the provider
    matched_by = models.CharField(max_length=12)  # token, message_id, recipient, provider
    state = models.CharField(max_length=16, choices=State)
    times = models.PositiveIntegerField(default=1, help_text="How often it was told.")
    octets = models.BinaryField(null=True, editable=False)  # of the report, as it first came
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = DeliveryReportQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["message", "address", "kind"], name="delivery_reported_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "address", "-created_at"], name="delivery_report_by_address"
            ),
            models.Index(fields=["delivery"], name="delivery_report_by_delivery"),
            models.Index(fields=["kind", "created_at"], name="delivery_report_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.pk}"


class Absence(models.Model):
    """The last automatic reply that said that somebody is away."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    address = models.CharField(max_length=320)  # folded
    back_on = models.DateField(null=True)
    write_to = models.JSONField(default=list)  # addresses that it names instead
    words = models.TextField(blank=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="+")
    told_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "address"], name="absent_once"),
        ]

    def __str__(self) -> str:
        return f"absence {self.pk}"
