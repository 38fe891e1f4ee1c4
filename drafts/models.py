"""Drafts: what an agent proposes, what became of it, and who decided."""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Prefetch, Q
from django.utils import timezone

from accounts.models import User
from accounts.scope import ScopedQuerySet
from events.ids import new_id
from inboxes.models import Inbox, Message, Thread


class DraftQuerySet(ScopedQuerySet["Draft"]):
    workspace_path = "inbox__workspace_id"

    def open(self) -> Self:
        return self.filter(status__in=Draft.OPEN)

    def whole(self) -> Self:
        """With everything that showing a draft asks for: the same few queries for any number."""
        files = DraftFile.objects.defer("content", "sha256")
        related = self.select_related("inbox", "thread", "revision", "lease_holder", "reviewer")
        return related.defer("prompt").prefetch_related(Prefetch("files", queryset=files))


class Draft(models.Model):
    """A reply awaiting a decision. Whatever leaves was one of these first."""

    class Status(models.TextChoices):
        COMPOSING = "composing"
        PENDING = "pending"
        CHANGES_REQUESTED = "changes_requested"
        APPROVED = "approved"  # held until `hold_until`, can be undone
        SENDING = "sending"
        SEND_FAILED = "send_failed"
        SENT = "sent"
        REJECTED = "rejected"
        NO_REPLY_NEEDED = "no_reply_needed"
        SUPERSEDED = "superseded"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"

    UNDECIDED: ClassVar = (Status.COMPOSING, Status.PENDING, Status.CHANGES_REQUESTED)
    OPEN: ClassVar = (*UNDECIDED, Status.APPROVED, Status.SENDING, Status.SEND_FAILED)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="drafts")
    thread = models.ForeignKey(Thread, models.CASCADE, null=True, related_name="drafts")
    reply_to_message = models.ForeignKey(
        Message, models.SET_NULL, null=True, related_name="reply_drafts"
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.COMPOSING)
    version = models.PositiveIntegerField(default=1, help_text="Grows with every change.")
    revision = models.ForeignKey(
        "DraftRevision",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="The one that counts.",
    )
    stale = models.BooleanField(default=False, help_text="The customer wrote again since.")
    category = models.CharField(max_length=60, blank=True)
    confidence = models.FloatField(null=True)
    metadata = models.JSONField(default=dict)
    agent = models.JSONField(default=dict)
    prompt = models.JSONField(default=list)
    created_by = models.CharField(max_length=80)  # "key:<uuid>", "user:7"
    thread_head_id = models.UUIDField(null=True, help_text="The newest message it was written on.")
    reviewer = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", help_text="Whose it is to decide."
    )
    edited_by_person = models.BooleanField(default=False)
    review_reason = models.CharField(
        max_length=300, blank=True, help_text="Why a person is asked: a policy's own words."
    )
    lease_holder = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    lease_until = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    feedback = models.TextField(blank=True)
    hold_until = models.DateTimeField(null=True)
    send_at = models.DateTimeField(null=True)
    expires_in = models.PositiveIntegerField(
        null=True, help_text="Seconds in which it is to be delivered; empty: five days."
    )
    message = models.OneToOneField(
        Message, models.SET_NULL, null=True, related_name="draft", help_text="What it became."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["inbox", "thread"],
                condition=Q(
                    status__in=[
                        "composing",
                        "pending",
                        "changes_requested",
                        "approved",
                        "sending",
                        "send_failed",
                    ]
                ),
                name="draft_one_open_per_thread",
            ),
            models.CheckConstraint(
                name="draft_decision_names_decider",
                condition=Q(
                    status__in=[
                        "composing",
                        "pending",
                        "changes_requested",
                        "superseded",
                        "withdrawn",
                        "expired",
                    ]
                )
                | ~Q(decided_by=""),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["inbox", "created_at", "id"],
                condition=Q(status__in=["pending", "changes_requested", "composing"]),
                name="draft_queue",
            ),
            models.Index(fields=["inbox", "status", "-created_at"], name="draft_by_status"),
            models.Index(fields=["thread", "-created_at"], name="draft_by_thread"),
            # What lists show: of one inbox, of several; what is open is little among what is not.
            models.Index(fields=["inbox", "-created_at", "-id"], name="draft_list"),
            models.Index(fields=["-created_at", "-id"], name="draft_list_of_all"),
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(
                    status__in=[
                        "composing",
                        "pending",
                        "changes_requested",
                        "approved",
                        "sending",
                        "send_failed",
                    ]
                ),
                name="draft_list_of_open",
            ),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk} ({self.status})"


class DraftRevision(models.Model):
    """What was written, by whom. Immutable: an edit adds one. Number 1 is the first author's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(Draft, models.CASCADE, related_name="revisions")
    sequence = models.PositiveIntegerField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    author = models.CharField(max_length=80)  # "key:<uuid>", "user:7", "policy:1"
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    bcc = models.JSONField(default=list)
    reply_to = models.JSONField(default=list)
    subject = models.TextField(blank=True)
    plain_body = models.TextField(blank=True)
    html_body = models.TextField(blank=True)
    html_derived = models.BooleanField(default=True, help_text="The HTML was made from the text.")
    headers = models.JSONField(default=dict)
    file_ids = ArrayField(models.UUIDField(), default=list)  # DraftFile, in order
    content_hash = models.CharField(max_length=64)  # SHA-256 over the canonical form
    offered = models.BooleanField(default=False, help_text="Kept aside: a person had edited.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["draft", "sequence"], name="revision_sequence_once"),
        ]

    def __str__(self) -> str:
        return f"revision {self.sequence} by {self.author}"


class DraftFile(models.Model):
    """A file to be sent with a draft."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()  # octets
    content_id = models.CharField(max_length=255, blank=True)
    inline = models.BooleanField(default=False)
    sha256 = models.BinaryField()
    content = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.filename


class Decision(models.Model):
    """A decision on one revision, by a person or a policy. Immutable."""

    class Kind(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"
        NO_REPLY = "no_reply_needed"
        REQUEST_CHANGES = "request_changes"
        UNDO = "undo"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(Draft, models.CASCADE, related_name="decisions")
    revision = models.ForeignKey(DraftRevision, models.PROTECT, related_name="decisions")
    content_hash = models.CharField(max_length=64)
    kind = models.CharField(max_length=20, choices=Kind)
    decided_by = models.CharField(max_length=80)
    policy_version = models.CharField(max_length=40, blank=True)
    thread_head_id = models.UUIDField(null=True)
    reasons = ArrayField(models.CharField(max_length=60), default=list)
    words = models.TextField(blank=True)
    reading_seconds = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="decision_names_decider", condition=~Q(decided_by="")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["draft", "created_at"], name="decision_list"),
            models.Index(fields=["created_at"], name="decision_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.decided_by}"
