"""Inboxes, messages and threads as the API tells them (API.md). Field by field: what is not
declared here is not told."""

# ruff: noqa: N815 - names on the wire

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.telling import Telling, TellingStored
from events.wire import Pagination
from inboxes.models import Inbox, Message, Thread
from inboxes.told import in_full


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class MailboxAddresses(serializers.Field[Any, Any, list[str], Any]):
    """Stored mailboxes as a list of their addresses."""

    def to_representation(self, value: Any) -> list[str]:
        return [mailbox["address"] for mailbox in value]


@extend_schema_field({"type": "string"})
class JoinedAddresses(serializers.Field[Any, Any, str, Any]):
    """Stored mailboxes as one string."""

    def to_representation(self, value: Any) -> str:
        return ", ".join(mailbox["address"] for mailbox in value)


class InboxAddressSerializer(Telling[Any]):
    address = serializers.CharField()
    isPrimary = serializers.BooleanField(
        source="is_primary", help_text="Mail from the inbox is From this one."
    )


class ImapSerializer(Telling[Any]):
    host = serializers.CharField()
    port = serializers.IntegerField()
    tls = serializers.BooleanField()
    username = serializers.CharField()


class SmtpSerializer(Telling[Any]):
    host = serializers.CharField()
    port = serializers.IntegerField()
    starttls = serializers.BooleanField()
    username = serializers.CharField()


class InboxSerializer(Telling[Inbox]):
    """A mailbox of ours."""

    id = serializers.UUIDField()
    email = serializers.CharField(help_text="The primary address, lower case.")
    canonicalEmail = serializers.SerializerMethodField(
        help_text="The address it was opened under; does not change with the primary one."
    )
    username = serializers.CharField()
    domain = serializers.CharField(source="domain.name")
    displayName = serializers.CharField(source="display_name", help_text="The name in From.")
    workspaceId = serializers.UUIDField(source="workspace_id")
    status = serializers.ChoiceField(
        Inbox.Status.choices, help_text="`paused`: receives and drafts, sends nothing."
    )
    reviewMode = serializers.ChoiceField(
        Inbox.ReviewMode.choices,
        source="review_mode",
        help_text="`off`: a key with `send` may send. `policy`: rules decide. "
        "`required`: nothing an agent writes leaves without a person.",
    )
    trackOpens = serializers.BooleanField(source="track_opens")
    trackClicks = serializers.BooleanField(source="track_clicks")
    firstContactGuard = serializers.BooleanField(
        source="first_contact_guard",
        help_text="True: a first message to somebody who never wrote needs `verified: true`.",
    )
    holdSeconds = serializers.IntegerField(
        source="hold_seconds", help_text="Seconds for which approved mail waits and can be undone."
    )
    signature = serializers.CharField(help_text="Plain text, put below what leaves.")
    addresses = InboxAddressSerializer(many=True)
    imap = serializers.SerializerMethodField(
        help_text="Null while this installation serves no IMAP."
    )
    smtp = serializers.SerializerMethodField(
        help_text="Submission. Null while this installation serves none."
    )
    metadata = serializers.DictField(help_text="Yours; kept as it is.")
    createdAt = serializers.DateTimeField(source="created_at")
    updatedAt = serializers.DateTimeField(source="updated_at")

    def get_canonicalEmail(self, inbox: Inbox) -> str:  # noqa: N802 - DRF's naming
        return f"{inbox.username}@{inbox.domain.name}"

    @extend_schema_field(ImapSerializer(allow_null=True))
    def get_imap(self, inbox: Inbox) -> None:
        return None

    @extend_schema_field(SmtpSerializer(allow_null=True))
    def get_smtp(self, inbox: Inbox) -> None:
        return None


class FoundInboxSerializer(InboxSerializer):
    """The workspace's own inbox of the name that was asked for."""

    existed = serializers.BooleanField(help_text="True: it was there before, nothing was changed.")


class OpenedInboxSerializer(FoundInboxSerializer):
    """An inbox that was just opened, with its secrets."""

    apiKey = serializers.CharField(
        source="api_key", help_text="An `ak_` key to this inbox, shown this once."
    )
    imapPassword = serializers.CharField(
        source="imap_password", help_text="For mail clients, shown this once."
    )


class PasswordSerializer(serializers.Serializer[Any]):
    """A new password for mail clients."""

    username = serializers.CharField()
    imapPassword = serializers.CharField(help_text="Shown this once.")


class AttachmentSerializer(Telling[Any]):
    id = serializers.UUIDField()
    filename = serializers.CharField(help_text="As the sender wrote it; empty if not at all.")
    contentType = serializers.CharField(
        source="content_type", help_text="As the sender claims; not verified."
    )
    sizeBytes = serializers.IntegerField(source="size", help_text="Octets, decoded.")
    contentId = serializers.CharField(
        source="content_id", help_text="What `cid:` in the HTML refers to, without brackets."
    )
    inline = serializers.BooleanField(help_text="Meant to be shown within the text.")


class DeliverySerializer(Telling[Any]):
    """What became of a message for one recipient."""

    address = serializers.CharField(source="rcpt_to")
    status = serializers.CharField(
        help_text="queued, sending, deferred, sent, failed, uncertain, suppressed or cancelled."
    )
    attempts = serializers.IntegerField()
    lastReply = serializers.CharField(
        source="last_reply", help_text="The other server's own words; not to be trusted as HTML."
    )
    nextAttemptAt = serializers.DateTimeField(
        source="next_attempt_at",
        allow_null=True,
        read_only=True,
        help_text="Null when no attempt is due.",
    )


class SpfDetailsSerializer(TellingStored[Any]):
    domain = serializers.CharField(default="")
    scope = serializers.CharField(default="", help_text="`mailfrom`, or `helo` for a null sender.")
    reason = serializers.CharField(default="")


class DkimDetailsSerializer(TellingStored[Any]):
    """One signature."""

    result = serializers.CharField(default="")
    domain = serializers.CharField(default="", help_text="Who signed.")
    selector = serializers.CharField(default="")
    algorithm = serializers.CharField(default="")
    reason = serializers.CharField(default="")
    partial = serializers.BooleanField(  # type: ignore[assignment]
        default=False, help_text="The end of the body is not signed (`l=`)."
    )


class ArcDetailsSerializer(TellingStored[Any]):
    sealers = serializers.ListField(
        child=serializers.CharField(), default=list, help_text="Domains, the last one first."
    )
    reason = serializers.CharField(default="")


class DmarcDetailsSerializer(TellingStored[Any]):
    domain = serializers.CharField(default="", help_text="Of From.")
    policyDomain = serializers.CharField(
        source="policy_domain", default="", help_text="Where the record stands."
    )
    disposition = serializers.CharField(
        default="", help_text="What its owner wants done on a failure: none, quarantine, reject."
    )
    alignedBy = serializers.CharField(
        source="aligned_by", default="", help_text="`dkim`, `spf`, or empty."
    )
    reason = serializers.CharField(default="")


class AuthenticationDetailsSerializer(TellingStored[Any]):
    """How the results came about, for people."""

    spf = SpfDetailsSerializer()
    dkim = DkimDetailsSerializer(many=True)
    arc = ArcDetailsSerializer()
    dmarc = DmarcDetailsSerializer()


class AuthenticationSerializer(TellingStored[Any]):
    """Results as RFC 8601 names them (pass, fail, none, ...); null where not evaluated."""

    spf = serializers.CharField(allow_null=True, default=None)
    dkim = serializers.CharField(allow_null=True, default=None)
    dmarc = serializers.CharField(allow_null=True, default=None)
    arc = serializers.CharField(allow_null=True, default=None)
    aligned = serializers.BooleanField(
        allow_null=True, default=None, help_text="A passing SPF or DKIM domain is that of From."
    )
    details = AuthenticationDetailsSerializer(
        allow_null=True, default=None, help_text="Which domains, selectors and reasons."
    )


class MessageItemSerializer(Telling[Message]):
    """A mail in a list, as `reach.messages_of` finds it: everything but its bodies."""

    id = serializers.UUIDField(help_text="What `replyToMessageId` and the paths take.")
    inboxId = serializers.UUIDField(source="inbox_id")
    threadId = serializers.UUIDField(source="thread_id")
    direction = serializers.ChoiceField(Message.Direction.choices)
    status = serializers.ChoiceField(Message.Status.choices)
    fromAddress = serializers.CharField(source="header_from", help_text="The same as `from`.")
    fromName = serializers.CharField(source="from_name", help_text="The display name, as claimed.")
    to = JoinedAddresses(help_text="Addresses of To, joined with a comma and a space.")
    toAddresses = MailboxAddresses(source="to", help_text="The same as a list.")
    cc = MailboxAddresses()
    bcc = MailboxAddresses(help_text="Only of what we sent.")
    replyTo = MailboxAddresses(source="reply_to", help_text="Where replies shall go instead.")
    subject = serializers.CharField()
    preview = serializers.CharField(help_text="How the new text begins; at most 200 characters.")
    isRead = serializers.BooleanField(source="is_read")
    labels = serializers.ListField(
        child=serializers.CharField(),
        help_text="Yours, and ours on what came in: `dmarc-fail`; `spam` and `infected` (it is in "
        "Junk; take the label away to move it out); `unscanned`.",
    )
    messageIdHeader = serializers.CharField(
        source="header_message_id", help_text="RFC 5322 Message-ID, without brackets."
    )
    inReplyTo = serializers.CharField(source="in_reply_to", help_text="Without brackets.")
    references = serializers.ListField(
        child=serializers.CharField(), help_text="Oldest first, without brackets."
    )
    receivedAt = serializers.DateTimeField(
        source="received_at", allow_null=True, help_text="When we took it in; null if outbound."
    )
    sentAt = serializers.DateTimeField(
        source="sent_at", allow_null=True, help_text="When it left; null if inbound or waiting."
    )
    createdAt = serializers.DateTimeField(
        source="created_at", help_text="The order of every list of messages."
    )
    size = serializers.IntegerField(help_text="Octets of the whole message.")
    authentication = AuthenticationSerializer()
    isAutomated = serializers.BooleanField(
        source="is_automated", help_text="RFC 3834: written by a machine; never answered by one."
    )
    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="What is odd about it, for people and models."
    )
    metadata = serializers.DictField(help_text="Given when it was sent.")
    attachments = AttachmentSerializer(many=True, source="told_attachments")
    deliveries = DeliverySerializer(
        many=True,
        source="told_deliveries",
        help_text="One for each recipient; outbound only.",
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's and cannot be declared above."""
        fields = super().get_fields()
        sender = serializers.CharField(source="header_from", help_text="The address of From.")
        return {"from": sender, **fields}

    @classmethod
    def every(cls, things: Sequence[Message]) -> list[dict[str, Any]]:
        return super().every(in_full(things))


class MessageSerializer(MessageItemSerializer):
    """A mail with its bodies."""

    plainBody = serializers.CharField(
        source="plain_body", help_text="The text part; made from the HTML where there is none."
    )
    htmlBody = serializers.CharField(
        source="html_body", help_text="As sent, not sanitised: hostile until proven otherwise."
    )
    replyText = serializers.CharField(
        source="reply_text", help_text="What is new: quotes and signature removed."
    )
    visibleText = serializers.CharField(
        source="visible_text", help_text="What a person would see of it: for models."
    )


class ThreadItemSerializer(Telling[Thread]):
    """A conversation in a list."""

    id = serializers.UUIDField()
    threadId = serializers.UUIDField(source="id", help_text="The same as `id`.")
    inboxId = serializers.UUIDField(source="inbox_id")
    subject = serializers.CharField()
    status = serializers.ChoiceField(Thread.Status.choices)
    category = serializers.CharField(help_text="Empty if none was given.")
    messageCount = serializers.IntegerField(source="message_count")
    unreadCount = serializers.IntegerField(source="unread_count")
    participants = serializers.ListField(
        child=serializers.CharField(), help_text="Addresses of all who wrote or were written to."
    )
    labels = serializers.ListField(child=serializers.CharField())
    preview = serializers.CharField(help_text="How the newest message begins.")
    lastMessageAt = serializers.DateTimeField(
        source="last_message_at", help_text="The order of every list of threads."
    )
    createdAt = serializers.DateTimeField(source="created_at")


class ThreadSerializer(ThreadItemSerializer):
    """A conversation with its messages, oldest first."""

    messages = MessageSerializer(
        many=True, source="shown_messages", help_text="Of a very long one, the newest 1,000."
    )


class InboxPage(serializers.Serializer[Any]):
    inboxes = InboxSerializer(many=True)
    pagination = Pagination()


class MessagePage(serializers.Serializer[Any]):
    messages = MessageItemSerializer(many=True)
    pagination = Pagination()


class ThreadPage(serializers.Serializer[Any]):
    threads = ThreadItemSerializer(many=True)
    pagination = Pagination()


class AttachmentList(serializers.Serializer[Any]):
    attachments = AttachmentSerializer(many=True)
    pagination = Pagination()
