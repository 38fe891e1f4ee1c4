"""Opens and clicks: what may be fetched, and what was. Import them from `tracking.models`."""

import base64
import binascii
import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.scope import ScopedQuerySet
from inboxes.models import Inbox, Message


class TrackedLink(models.Model):
    """A link of a message that leads over us, or (`target` is empty) its invisible picture.

    The id is all that stands in the mail: random, so that nobody can guess another's, and gone with
    the message.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="tracked_links")
    position = models.PositiveIntegerField()  # in the mail; 0: the picture
    target = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="tracked_link_leads_to_the_web",
                condition=Q(target="") | Q(target__iregex=r"^https?://"),
            ),
        ]

    def __str__(self) -> str:
        return f"link {self.position} of {self.message_id}"

    @property
    def token(self) -> str:
        return token_of(self.pk)


class Hit(models.Model):
    """A link that was followed, or a picture that was fetched.

    `network` and `agent` are forgotten after a month, hits with their message.
    """

    class Kind(models.TextChoices):
        OPEN = "open"
        CLICK = "click"

    class Grade(models.TextChoices):
        HUMAN = "human"
        PROXY = "proxy"
        SCANNER = "scanner"

    id = models.BigAutoField(primary_key=True)
    link = models.ForeignKey(TrackedLink, models.CASCADE, related_name="hits")
    message = models.ForeignKey(Message, models.CASCADE, related_name="hits", db_index=False)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=5, choices=Kind)
    at = models.DateTimeField()
    grade = models.CharField(max_length=7, choices=Grade)
    reason = models.CharField(max_length=120, blank=True)
    agent = models.CharField(max_length=300, blank=True)
    network = models.CharField(max_length=43, blank=True, help_text="/24 or /48 of the address.")
    report = models.CharField(
        max_length=200, null=True, help_text="The name of a provider's report, taken once."
    )
    told = models.BooleanField(default=False, help_text="Its grade is settled, and was told.")

    objects = ScopedQuerySet["Hit"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report"], name="hit_reported_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["message", "at"], name="hit_by_message"),
            models.Index(fields=["inbox", "at"], name="hit_by_inbox"),
            models.Index(fields=["at"], condition=Q(told=False), name="hit_untold"),
            models.Index(fields=["at"], condition=~Q(network="", agent=""), name="hit_with_source"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.grade}"


def token_of(link_id: uuid.UUID) -> str:
    """The 22 letters that stand in a URL for a link."""
    return base64.urlsafe_b64encode(link_id.bytes).decode().rstrip("=")


def link_id_of(token: str) -> uuid.UUID | None:
    """The id behind a token; None for what is no token."""
    try:
        octets = base64.b64decode(f"{token}==", b"-_", validate=True)
        return uuid.UUID(bytes=octets)
    except (binascii.Error, ValueError):
        return None
