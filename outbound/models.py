"""The door out. `Delivery` rows are the queue: one message to one recipient each."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Workspace
from accounts.scope import ScopedQuerySet
from events.ids import new_id
from inboxes.models import Domain, Message
from outbound.pause_models import Home as Home
from outbound.pause_models import Pause as Pause
from outbound.pause_models import Reputation as Reputation
from outbound.transport_models import DomainTransport as DomainTransport
from outbound.transport_models import ProviderMessage as ProviderMessage
from outbound.transport_models import ProviderReport as ProviderReport
from outbound.transport_models import StsPolicy as StsPolicy


class DkimKey(models.Model):
    """A signing key of a domain. The private half is encrypted at rest (`events.secrecy`)."""

    class Algorithm(models.TextChoices):
        RSA = "rsa-sha256"
        ED25519 = "ed25519-sha256"

    domain = models.ForeignKey(Domain, models.CASCADE, related_name="dkim_keys")
    selector = models.CharField(max_length=63)
    algorithm = models.CharField(max_length=16, choices=Algorithm)
    private_key = models.BinaryField(editable=False)  # sealed PEM
    public_record = models.TextField(editable=False)  # the TXT record to publish
    active = models.BooleanField(default=True, help_text="Off: to follow, or no longer used.")
    retired_at = models.DateTimeField(
        null=True, editable=False, help_text="Since then its successor signs."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["domain", "selector"], name="selector_once"),
        ]

    def __str__(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


class DeliveryQuerySet(ScopedQuerySet["Delivery"]):
    workspace_path = "message__inbox__workspace_id"
    inbox_path = "message__inbox_id"

    def unsettled(self) -> Self:
        return self.filter(status__in=Delivery.UNSETTLED)


class Delivery(models.Model):
    """One message to one `rcpt_to`: a row of the queue, and the record of what became of it."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"  # claimed: `lease_until` and `fence` say by whom
        DEFERRED = "deferred"
        SENT = "sent"
        FAILED = "failed"
        UNCERTAIN = "uncertain"
        SUPPRESSED = "suppressed"
        CANCELLED = "cancelled"

    class Phase(models.TextChoices):
        """How far the attempt under way had come when it was last committed."""

        NONE = ""
        CONNECTING = "connecting"
        DATA = "data"
        COMMITTING = "committing"

    UNSETTLED: ClassVar = (Status.QUEUED, Status.SENDING, Status.DEFERRED, Status.UNCERTAIN)
    WAITING: ClassVar = (Status.QUEUED, Status.DEFERRED)

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries")
    rcpt_to = models.CharField(max_length=320)
    rcpt_domain = models.CharField(max_length=255)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.NONE, blank=True)
    by_person = models.BooleanField(
        help_text="A person approved it: when uncertain, a person says what to do."
    )
    attempts = models.PositiveIntegerField(default=0)
    first_attempt_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(
        null=True, help_text="Given up then, where the sender asked for less than five days."
    )
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0, help_text="Grows with every claim.")
    last_reply = models.TextField(blank=True)  # the server's own words
    last_code = models.PositiveSmallIntegerField(null=True)
    last_host = models.CharField(max_length=255, blank=True)
    transport = models.CharField(max_length=20, blank=True)  # catcher, smarthost, direct
    told_delayed = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)
    report_due = models.BooleanField(
        default=False, db_default=False, help_text="Given up; the sender's inbox is to be told."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "rcpt_to"], name="delivery_once"),
            models.CheckConstraint(
                name="delivery_sending_has_lease",
                condition=~Q(status="sending") | Q(lease_until__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["by_person", "next_attempt_at", "id"],
                condition=Q(status__in=["queued", "deferred"]),
                name="delivery_due_by_lane",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(status="sending"), name="delivery_leased"
            ),
            models.Index(fields=["-settled_at"], name="delivery_settled"),
            models.Index(fields=["rcpt_to", "-created_at"], name="delivery_by_recipient"),
            models.Index(
                fields=["settled_at"],
                condition=Q(status__in=["failed", "suppressed"]),
                name="delivery_failed",
            ),
            models.Index(fields=["id"], condition=Q(status="uncertain"), name="delivery_uncertain"),
            models.Index(
                fields=["message"], condition=Q(report_due=True), name="delivery_report_due"
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}: {self.status}"


class DeliveryAttempt(models.Model):
    """One try, with the server's own words."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempt_log")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    outcome = models.CharField(max_length=10)  # sent, deferred, failed, uncertain
    reply_code = models.PositiveSmallIntegerField(null=True)
    reply_text = models.TextField(blank=True)
    host = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["delivery", "number"], name="attempt_once"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome}"


class Suppression(models.Model):
    """An address of a workspace that gets no mail until it is released or the entry expires."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="suppressions")
    address = models.CharField(max_length=320)  # folded
    reason = models.CharField(max_length=40)
    detail = models.TextField(blank=True)
    created_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    # What `suppression.suppress` answers; not a column.
    is_new = False

    objects = ScopedQuerySet["Suppression"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "address"], name="suppressed_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="suppression_list"),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.pk}"
