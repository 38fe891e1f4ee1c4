"""Mailboxes and what is in them. Octets stand apart from what is derived from them."""

from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Workspace
from accounts.scope import ScopedQuerySet
from events.ids import new_id
from inboxes.domain_model import Domain as Domain
from inboxes.list_models import AddressList as AddressList
from inboxes.list_models import ListEntry as ListEntry
from inboxes.search import search_vector

Mailbox = dict[str, str]  # {"name": ..., "address": ...}


def text_array(**options: Any) -> "ArrayField[list[str], list[str]]":
    return ArrayField(models.TextField(), default=list, blank=True, **options)


def _listed_index(*fields: str, name: str) -> models.Index:
    """Of just the messages that `listed` lets through, so that counting reads the index alone."""
    shown = Q(trashed_at=None) & ~Q(status="cancelled")
    return models.Index(fields=fields, include=["is_spam"], condition=shown, name=name)


class InboxQuerySet(ScopedQuerySet["Inbox"]):
    inbox_path = "id"

    def alive(self) -> Self:
        return self.filter(deleted_at=None)


class Inbox(models.Model):
    """A mailbox of ours, with one or more addresses."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"  # receives and drafts, sends nothing

    class ReviewMode(models.TextChoices):
        OFF = "off"  # a key with `send` may send
        POLICY = "policy"  # rules decide
        REQUIRED = "required"  # nothing an agent writes leaves without a person

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="inboxes")
    domain = models.ForeignKey(Domain, models.PROTECT, related_name="inboxes")
    username = models.CharField(max_length=64)
    email = models.CharField(max_length=320, editable=False, help_text="The primary address.")
    display_name = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    review_mode = models.CharField(max_length=10, choices=ReviewMode, default=ReviewMode.REQUIRED)
    track_opens = models.BooleanField(default=False)
    track_clicks = models.BooleanField(default=False)
    first_contact_guard = models.BooleanField(default=False)
    hold_seconds = models.PositiveIntegerField(
        default=10, help_text="How long an approved message waits and can be undone."
    )
    signature = models.TextField(blank=True)
    password = models.CharField(max_length=200, blank=True, editable=False)  # for mail clients
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = InboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "inboxes"
        indexes: ClassVar = [models.Index(fields=["workspace", "created_at"], name="inbox_list")]

    def __str__(self) -> str:
        return self.email


class Address(models.Model):
    """An address that reaches an inbox. Unique, case folded."""

    address = models.CharField(max_length=320, unique=True)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="addresses")
    is_primary = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "addresses"
        constraints: ClassVar = [
            models.CheckConstraint(name="address_folded", condition=Q(address=Lower("address"))),
            models.UniqueConstraint(
                fields=["inbox"], condition=Q(is_primary=True), name="address_one_primary"
            ),
        ]

    def __str__(self) -> str:
        return self.address


class Folder(models.Model):
    """A mailbox in the sense of IMAP (RFC 9051 §5.1). Its row is the UID counter, taken last."""

    class Role(models.TextChoices):
        INBOX = "inbox"
        DRAFTS = "drafts"
        SENT = "sent"
        ARCHIVE = "archive"
        JUNK = "junk"
        TRASH = "trash"
        OWN = "own"

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="folders")
    name = models.CharField(max_length=255)
    role = models.CharField(max_length=10, choices=Role, default=Role.OWN)
    uid_validity = models.BigIntegerField()
    uid_next = models.BigIntegerField(default=1)
    highest_modseq = models.BigIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["inbox", "name"], name="folder_name_once"),
            models.UniqueConstraint(
                fields=["inbox", "role"], condition=~Q(role="own"), name="folder_role_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ThreadQuerySet(ScopedQuerySet["Thread"]):
    workspace_path = "inbox__workspace_id"

    def listed(self) -> Self:
        """What a list shows: not what was joined to another, nor what an undone first mail left."""
        return self.filter(merged_into=None, message_count__gt=0)


class Thread(models.Model):
    """A conversation in one inbox."""

    class Status(models.TextChoices):
        OPEN = "open"
        WAITING = "waiting"
        RESOLVED = "resolved"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="threads", db_index=False)
    subject = models.TextField(blank=True)
    base_subject = models.TextField(blank=True)  # RFC 5256 §2.1
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    category = models.CharField(max_length=60, blank=True)
    labels = text_array()
    participants = text_array(help_text="Folded addresses of all who wrote or were written to.")
    message_count = models.PositiveIntegerField(default=0)
    unread_count = models.PositiveIntegerField(default=0)
    preview = models.CharField(max_length=200, blank=True)
    head_id = models.UUIDField(
        null=True, help_text="The newest message: what a decision is made on."
    )
    drafts_only = models.BooleanField(default=False, help_text="A loop was suspected.")
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, related_name="merged")
    last_message_at = models.DateTimeField()
    last_inbound_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["inbox", "-last_message_at", "-id"], name="thread_list"),
            models.Index(
                fields=["inbox", "base_subject", "-last_message_at"], name="thread_subject"
            ),
            models.Index(fields=["inbox", "status", "-last_message_at"], name="thread_by_status"),
            models.Index(
                fields=["inbox", "category", "-last_message_at"],
                condition=~Q(category=""),
                name="thread_by_category",
            ),
            GinIndex(fields=["participants"], name="thread_participants"),
            GinIndex(fields=["labels"], name="thread_labels"),
        ]

    def __str__(self) -> str:
        return self.subject or "(no subject)"


class MessageQuerySet(ScopedQuerySet["Message"]):
    workspace_path = "inbox__workspace_id"

    def listed(self, *, include_spam: bool = False) -> Self:
        """What a list shows: neither trashed nor cancelled, without the large columns."""
        shown = self if include_spam else self.filter(is_spam=False)
        return shown.filter(trashed_at=None).exclude(status=Message.Status.CANCELLED).light()

    def light(self) -> Self:
        return self.defer(*Message.LARGE)


class Message(models.Model):
    """A mail, in or out. Everything here can be made again from its octets."""

    class Direction(models.TextChoices):
        INBOUND = "inbound"
        OUTBOUND = "outbound"

    class Status(models.TextChoices):
        RECEIVED = "received"
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        PARTLY_SENT = "partly_sent"
        FAILED = "failed"
        UNCERTAIN = "uncertain"
        CANCELLED = "cancelled"  # undone before anything left

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # The indexes below begin with these two: none of their own.
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="messages", db_index=False)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="messages", db_index=False)
    direction = models.CharField(max_length=8, choices=Direction)
    status = models.CharField(max_length=12, choices=Status)
    mail_from = models.CharField(max_length=320, blank=True)  # RFC 5321; "" = null reverse-path
    rcpt_to = models.CharField(max_length=320, blank=True)  # the address of ours it came for
    header_message_id = models.TextField(blank=True)  # RFC 5322 §3.6.4, no brackets
    in_reply_to = models.TextField(blank=True)
    references = text_array()  # oldest first, parent last
    thread_index = models.TextField(blank=True)  # Outlook's: what all of a conversation share
    threaded_by = models.CharField(max_length=10, blank=True)  # reference, subject, index, new
    merged_from = models.UUIDField(
        null=True, help_text="The thread it was on before that was merged into another."
    )
    header_from = models.CharField(max_length=320, blank=True)  # folded address
    from_name = models.TextField(blank=True)
    reply_to = models.JSONField(default=list)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    bcc = models.JSONField(default=list)
    recipients = text_array()  # folded addresses of to, cc, bcc
    subject = models.TextField(blank=True)
    plain_body = models.TextField(blank=True)
    html_body = models.TextField(blank=True)
    reply_text = models.TextField(blank=True)
    visible_text = models.TextField(blank=True)
    preview = models.CharField(max_length=200, blank=True)
    is_read = models.BooleanField(default=False)
    labels = text_array()
    is_automated = models.BooleanField(default=False)
    automated_reason = models.CharField(max_length=120, blank=True)
    unattended = models.BooleanField(default=False, help_text="Sent by a policy, not by a person.")
    warnings = text_array()
    authentication = models.JSONField(default=dict)
    is_spam = models.BooleanField(default=False, help_text="In Junk: spam, or infected.")
    metadata = models.JSONField(default=dict)
    size = models.PositiveBigIntegerField(default=0)  # octets
    has_attachments = models.BooleanField(default=False)
    search_names = models.TextField(blank=True)  # people and files, as far as they are searched
    search = models.GeneratedField(
        expression=search_vector(), output_field=SearchVectorField(), db_persist=True
    )
    date = models.DateTimeField(null=True)  # the Date field, as claimed
    received_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    trashed_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MessageQuerySet.as_manager()

    LARGE: ClassVar = (
        "plain_body",
        "html_body",
        "reply_text",
        "visible_text",
        "search_names",
        "search",
    )

    class Meta:
        indexes: ClassVar = [
            _listed_index("inbox", "-created_at", "-id", name="message_listed"),
            # Where nearly all came in, what went out is found without reading the rest.
            _listed_index("inbox", "direction", "-created_at", "-id", name="message_by_direction"),
            models.Index(fields=["thread", "created_at", "id"], name="message_by_thread"),
            models.Index(fields=["inbox", "header_message_id"], name="message_by_header_id"),
            models.Index(fields=["inbox", "header_from", "-created_at"], name="message_by_sender"),
            models.Index(
                fields=["inbox", "-created_at"], condition=Q(is_read=False), name="message_unread"
            ),
            models.Index(
                fields=["inbox", "-created_at"],
                condition=Q(has_attachments=True),
                name="message_with_files",
            ),
            # Asked on every arrival: a list of pending entries would be read each time.
            GinIndex(fields=["references"], name="message_references", fastupdate=False),
            models.Index(
                fields=["inbox", "thread_index"],
                condition=~Q(thread_index=""),
                name="message_by_index",
            ),
            GinIndex(fields=["recipients"], name="message_recipients"),
            models.Index(
                fields=["inbox", "sent_at"],
                condition=Q(sent_at__isnull=False),
                name="message_sent",
            ),
            models.Index(
                fields=["inbox", "received_at"],
                condition=Q(received_at__isnull=False),
                name="message_received",
            ),
            # Those whose sender could not be authenticated yet: the DNS was silent.
            models.Index(
                fields=["received_at"],
                condition=Q(authentication__unsettled=True),
                name="message_unsettled",
            ),
            GinIndex(fields=["labels"], name="message_labels"),
            GinIndex(fields=["search"], name="message_search"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.id}"

    @property
    def is_inbound(self) -> bool:
        return self.direction == self.Direction.INBOUND


class MessageRaw(models.Model):
    """The octets, bit for bit: as received, or as frozen before signing."""

    message = models.OneToOneField(
        Message, models.CASCADE, primary_key=True, related_name="raw_record"
    )
    octets = models.BinaryField()
    sha256 = models.BinaryField()

    def __str__(self) -> str:
        return f"octets of {self.message_id}"


class Attachment(models.Model):
    """A part of a message, found again in its octets by `part_path`; not stored twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    part_path = models.CharField(max_length=400)
    filename = models.TextField(blank=True)
    content_type = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()  # octets, decoded
    content_id = models.TextField(blank=True)
    inline = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.filename or self.part_path


class FolderEntry(models.Model):
    """A message in a folder, under a UID that is never given again."""

    folder = models.ForeignKey(Folder, models.CASCADE, related_name="entries", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="entries")
    uid = models.BigIntegerField()
    modseq = models.BigIntegerField()
    flags = text_array()  # without \Seen, which is Message.is_read
    internal_date = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["folder", "uid"], name="uid_once"),
        ]

    def __str__(self) -> str:
        return f"UID {self.uid}"


class Arrival(models.Model):
    """What came in of late, so that a retry after a lost 250 makes no second copy (7 days)."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+")
    digest = models.BinaryField()
    message_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["inbox", "digest"], name="arrival_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="arrival_age")]

    def __str__(self) -> str:
        return f"arrival of {self.message_id}"
