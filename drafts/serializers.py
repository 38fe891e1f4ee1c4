"""Drafts as the API shows them. Every name on the wire is declared here."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from drafts.models import Decision, Draft

# ruff: noqa: N815 - camelCase is what the wire speaks


@extend_schema_field({"type": "array", "items": {"type": "string", "format": "email"}})
class AddressListField(serializers.Field[Any, Any, list[str], Any]):
    """Stored mailboxes as a list of plain addresses."""

    def to_representation(self, value: Any) -> list[str]:
        return [mailbox["address"] for mailbox in value or []]


class FileSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    filename = serializers.CharField()
    contentType = serializers.CharField(source="content_type")
    sizeBytes = serializers.IntegerField(source="size")
    contentId = serializers.CharField(source="content_id")
    inline = serializers.BooleanField()


class DraftSerializer(serializers.Serializer[Any]):
    """A draft with the revision that counts. Give it rows of `Draft.objects.whole()`."""

    id = serializers.UUIDField()
    inboxId = serializers.UUIDField(source="inbox_id")
    threadId = serializers.UUIDField(source="thread_id", allow_null=True)
    to = AddressListField(source="revision.to", default=[])
    cc = AddressListField(source="revision.cc", default=[])
    bcc = AddressListField(source="revision.bcc", default=[])
    replyTo = AddressListField(source="revision.reply_to", default=[])
    subject = serializers.CharField(source="revision.subject", default="")
    plainBody = serializers.CharField(source="revision.plain_body", default="")
    htmlBody = serializers.CharField(source="revision.html_body", default="")
    headers = serializers.JSONField(source="revision.headers", default={})
    replyToMessageId = serializers.UUIDField(source="reply_to_message_id", allow_null=True)
    metadata = serializers.JSONField()
    category = serializers.CharField()
    confidence = serializers.FloatField(allow_null=True)
    agent = serializers.JSONField()
    status = serializers.ChoiceField(choices=Draft.Status.choices)
    version = serializers.IntegerField()
    revision = serializers.IntegerField(source="revision.sequence", default=0)
    contentHash = serializers.CharField(source="revision.content_hash", default="")
    stale = serializers.BooleanField()
    reviewReason = serializers.CharField(
        source="review_reason", help_text="Why a person is asked, where a policy said so."
    )
    createdBy = serializers.CharField(source="created_by")
    decidedBy = serializers.CharField(source="decided_by")
    decidedAt = serializers.DateTimeField(source="decided_at", allow_null=True)
    feedback = serializers.CharField(help_text="The reviewer's words.")
    holdUntil = serializers.DateTimeField(source="hold_until", allow_null=True)
    sendAt = serializers.DateTimeField(source="send_at", allow_null=True)
    expiresIn = serializers.IntegerField(source="expires_in", allow_null=True)
    messageId = serializers.UUIDField(source="message_id", allow_null=True)
    attachments = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="created_at")
    updatedAt = serializers.DateTimeField(source="updated_at")

    @extend_schema_field(FileSerializer(many=True))
    def get_attachments(self, draft: Draft) -> list[dict[str, Any]]:
        if draft.revision is None or not draft.revision.file_ids:
            return []
        files = {file.pk: file for file in draft.files.all()}
        named = [files[pk] for pk in draft.revision.file_ids if pk in files]
        return list(FileSerializer(named, many=True).data)


def draft_fields(draft: Draft) -> dict[str, Any]:
    """The fields of one draft, as the API shows them."""
    return dict(DraftSerializer(draft).data)


class RevisionSerializer(serializers.Serializer[Any]):
    """What was written, by whom. `diff`: what it changed in the text of its parent."""

    id = serializers.UUIDField()
    sequence = serializers.IntegerField()
    parentId = serializers.UUIDField(source="parent_id", allow_null=True)
    author = serializers.CharField()
    to = AddressListField()
    cc = AddressListField()
    bcc = AddressListField()
    replyTo = AddressListField(source="reply_to")
    subject = serializers.CharField()
    plainBody = serializers.CharField(source="plain_body")
    htmlBody = serializers.CharField(source="html_body")
    htmlDerived = serializers.BooleanField(source="html_derived")
    attachmentIds = serializers.ListField(source="file_ids", child=serializers.UUIDField())
    contentHash = serializers.CharField(source="content_hash")
    offered = serializers.BooleanField()
    diff = serializers.CharField(default="")
    createdAt = serializers.DateTimeField(source="created_at")


class DecisionSerializer(serializers.Serializer[Any]):
    """Who decided what, on which revision. `diff`: from the first revision to that one."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Decision.Kind.choices)
    decidedBy = serializers.CharField(source="decided_by")
    policyVersion = serializers.CharField(source="policy_version")
    revision = serializers.IntegerField(source="revision.sequence")
    contentHash = serializers.CharField(source="content_hash")
    threadHeadId = serializers.UUIDField(source="thread_head_id", allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())
    words = serializers.CharField()
    readingSeconds = serializers.IntegerField(source="reading_seconds", allow_null=True)
    diff = serializers.CharField(default="")
    createdAt = serializers.DateTimeField(source="created_at")
