"""How mail leaves, and what providers told us of it. Import them from `outbound.models`."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from events.ids import new_id
from inboxes.models import Domain


class DomainTransport(models.Model):
    """The way out of one domain's mail, where that is not the installation's.

    What it takes to use it (log-in, API keys, webhook secrets) is one sealed JSON object
    (`events.secrecy`), and is never shown.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    domain = models.OneToOneField(Domain, models.CASCADE, related_name="transport")
    kind = models.CharField(max_length=20)
    is_active = models.BooleanField(
        default=True, help_text="Off: mail takes the installation's own way out."
    )
    sealed_settings = models.BinaryField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.kind} for {self.domain}"


class ProviderMessage(models.Model):
    """The name by which a provider knows one of our deliveries: its reports use that."""

    domain = models.ForeignKey(Domain, models.CASCADE, related_name="+")
    remote_id = models.CharField(max_length=255)
    delivery = models.ForeignKey("outbound.Delivery", models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["domain", "remote_id", "delivery"], name="provider_message_once"
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.delivery_id}"


class ProviderReport(models.Model):
    """A provider's report that has been heard: a repetition has no effect."""

    transport = models.ForeignKey(DomainTransport, models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["transport", "digest"], name="provider_report_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="provider_report_age")]

    def __str__(self) -> str:
        return f"report {self.pk}"


class StsPolicy(models.Model):
    """A receiving domain's MTA-STS policy (RFC 8461), in force until `expires_at`."""

    domain = models.CharField(max_length=255, unique=True)  # A-labels, lower case
    policy_id = models.CharField(max_length=32)
    mode = models.CharField(max_length=10)
    mx = ArrayField(models.TextField(), default=list)
    max_age = models.PositiveIntegerField(help_text="Seconds.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "MTA-STS policy"
        verbose_name_plural = "MTA-STS policies"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="sts_mode_is_known",
                condition=models.Q(mode__in=["enforce", "testing", "none"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain}: {self.mode}"
