"""Webhooks, what is to be posted to them, and what came of each try. PostgreSQL is the queue."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from events.ids import new_id


class Webhook(models.Model):
    """An address that wants to be told. Without an inbox: all of its workspace."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace_id = models.UUIDField(db_index=True)
    inbox_id = models.UUIDField(null=True, db_index=True)
    url = models.CharField(max_length=2000)
    events: "ArrayField[list[str], list[str]]" = ArrayField(models.CharField(max_length=40))
    ordered = models.BooleanField(
        default=False, help_text="One at a time, in the order of the log; the first blocks."
    )
    include_spam = models.BooleanField(default=False, help_text="Told of what went to Junk, too.")
    is_active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=200, blank=True)
    sealed_secret = models.BinaryField(editable=False)
    sealed_previous_secret = models.BinaryField(null=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True)
    # Where in the log it begins: what was committed before is none of its business.
    since_era = models.PositiveSmallIntegerField(default=0)
    since_transaction = models.BigIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=80)

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class WebhookDelivery(models.Model):
    """One event for one webhook, with the octets as they are posted at every try."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        DELIVERED = "delivered"
        FAILED = "failed"

    UNFINISHED = (Status.PENDING, Status.SENDING)

    id = models.BigAutoField(primary_key=True)
    delivery_id = models.UUIDField(default=new_id, unique=True, editable=False)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=40)
    # The event's place in the log: the order of an ordered webhook.
    era = models.PositiveSmallIntegerField()
    transaction = models.BigIntegerField()
    event_number = models.BigIntegerField()
    payload = models.TextField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0, help_text="Since it was last queued.")
    next_attempt_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    first_attempt_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["webhook", "event_id"], name="webhook_event_once"),
            models.CheckConstraint(
                name="webhook_sending_is_leased",
                condition=~Q(status="sending") | Q(lease_until__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["webhook", "era", "transaction", "event_number"],
                name="webhook_queue",
                condition=Q(status__in=["pending", "sending"]),
            ),
            models.Index(
                fields=["webhook", "next_attempt_at"],
                name="webhook_due",
                condition=Q(status="pending"),
            ),
            models.Index(
                fields=["lease_until"], name="webhook_lease", condition=Q(status="sending")
            ),
            models.Index(fields=["webhook", "created_at"], name="webhook_deliveries"),
            models.Index(fields=["created_at"], name="webhook_delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.delivery_id}"


class WebhookAttempt(models.Model):
    """One request and what came back, as it was. `status_code` None: nothing came back."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="attempt_log")
    started_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    url = models.CharField(max_length=2000)
    request_headers: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    status_code = models.PositiveSmallIntegerField(null=True)
    response_headers: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    response_body = models.TextField(blank=True)
    error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.status_code or self.error} {self.started_at}"


class WebhookCursor(models.Model):
    """How far the log has been turned into deliveries. One row, id 1."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    era = models.PositiveSmallIntegerField()
    transaction = models.BigIntegerField()
    event = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.transaction}-{self.event}"
