"""The numbered event log and the audit chain. Both hold ids, not foreign keys: the record
outlives what it tells of."""

from typing import ClassVar

from django.db import models
from django.db.models.expressions import RawSQL

from events.ids import new_id
from events.webhooks.models import Webhook, WebhookAttempt, WebhookCursor, WebhookDelivery

__all__ = [
    "AuditEntry",
    "AuditHead",
    "Event",
    "EventType",
    "LogHorizon",
    "Webhook",
    "WebhookAttempt",
    "WebhookCursor",
    "WebhookDelivery",
]


class EventType(models.TextChoices):
    """Every event there is; the names of API.md."""

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_DELAYED = "message.delayed"
    MESSAGE_BOUNCED = "message.bounced"
    MESSAGE_COMPLAINED = "message.complained"
    MESSAGE_OPENED = "message.opened"
    MESSAGE_CLICKED = "message.clicked"
    MESSAGE_UNCERTAIN = "message.uncertain"
    DRAFT_CREATED = "draft.created"
    DRAFT_UPDATED = "draft.updated"
    DRAFT_STALE = "draft.stale"
    DRAFT_APPROVED = "draft.approved"
    DRAFT_CHANGES_REQUESTED = "draft.changes_requested"
    DRAFT_REJECTED = "draft.rejected"
    DRAFT_SENT = "draft.sent"
    DRAFT_SEND_FAILED = "draft.send_failed"
    THREAD_UPDATED = "thread.updated"
    DOMAIN_VERIFIED = "domain.verified"
    DOMAIN_FAILED = "domain.failed"
    ADDRESS_SUPPRESSED = "address.suppressed"
    LOOP_SUSPECTED = "loop.suspected"
    WEBHOOK_DISABLED = "webhook.disabled"
    SENDING_WARNED = "sending.warned"
    SENDING_PAUSED = "sending.paused"
    SENDING_RESUMED = "sending.resumed"


# What is in Junk is told only to those who ask for it.
NOT_ABOUT_SPAM = ~models.Q(payload__has_key="spam")
# So is what a program opened or followed, not a person.
NOT_BY_MACHINE = ~models.Q(payload__has_key="machine")

CURRENT_TRANSACTION = "pg_current_xact_id()::text::bigint"


class Event(models.Model):
    """One thing that happened. Read by (transaction, id), below the oldest running transaction:
    a row that commits late is then never skipped (see `events.log`)."""

    id = models.BigAutoField(primary_key=True)
    transaction = models.BigIntegerField(
        db_default=RawSQL(CURRENT_TRANSACTION, ()),  # noqa: S611 - a constant
        help_text="The 64-bit id of the transaction that wrote this row.",
    )
    event_id = models.UUIDField(default=new_id, unique=True, editable=False)
    type = models.CharField(max_length=40, choices=EventType)
    workspace_id = models.UUIDField()
    inbox_id = models.UUIDField(null=True)
    thread_id = models.UUIDField(null=True)
    message_id = models.UUIDField(null=True)
    draft_id = models.UUIDField(null=True)
    payload = models.JSONField(default=dict)  # small facts in wire-neutral snake_case, no bodies
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["transaction", "id"], name="event_log_order"),
            models.Index(fields=["inbox_id", "transaction", "id"], name="event_by_inbox"),
            models.Index(fields=["workspace_id", "transaction", "id"], name="event_by_workspace"),
            models.Index(fields=["created_at"], name="event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"

    @property
    def is_about_spam(self) -> bool:
        """The same as `NOT_ABOUT_SPAM`, the other way round."""
        return "spam" in self.payload

    @property
    def is_by_machine(self) -> bool:
        """The same as `NOT_BY_MACHINE`, the other way round."""
        return "machine" in self.payload


class AuditHead(models.Model):
    """The end of a workspace's audit chain. Its row lock puts entries in one order."""

    workspace_id = models.UUIDField(primary_key=True)
    sequence = models.BigIntegerField(default=0)
    hash = models.BinaryField(default=b"")
    seal = models.BinaryField(default=b"", help_text="HMAC over the length and the last hash.")

    def __str__(self) -> str:
        return f"{self.workspace_id} at {self.sequence}"


class AuditEntry(models.Model):
    """One act on record. Append-only; `hash` covers the entry and the hash before it."""

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.UUIDField()
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)  # "user:7", "key:<uuid>", "policy:12", "system"
    action = models.CharField(max_length=60)  # "draft.approve", "key.revoke", ...
    subject = models.CharField(max_length=120)  # "draft:<uuid>"
    details = models.JSONField(default=dict)
    previous_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace_id", "sequence"], name="audit_sequence_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["subject"], name="audit_by_subject")]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"


class LogHorizon(models.Model):
    """How far the log has been pruned: a cursor below it answers `reset`. One row, id 1."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    transaction = models.BigIntegerField(default=0)
    event = models.BigIntegerField(default=0)
    era = models.PositiveSmallIntegerField(default=0)  # counts restores: see `log.begin_era`

    def __str__(self) -> str:
        return f"{self.transaction}-{self.event}"
