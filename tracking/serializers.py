"""Suppressions and contacts as the API tells and takes them."""

# ruff: noqa: N815 - names on the wire

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.telling import Telling
from events.wire import ClientId, PageQuery, Pagination, StrictSerializer
from inboxes.filters import AddressField
from inboxes.models import Thread
from outbound.models import Suppression


class SuppressionSerializer(Telling[Suppression]):
    """An address that gets no mail from a workspace."""

    id = serializers.UUIDField()
    workspaceId = serializers.UUIDField(source="workspace_id")
    address = serializers.CharField()
    reason = serializers.CharField(help_text="`manual`, `bounce`, `complaint`, `unsubscribe`, ...")
    report = serializers.CharField(
        source="detail", help_text="The words of the report behind it; empty if there is none."
    )
    createdBy = serializers.CharField(source="created_by")
    createdAt = serializers.DateTimeField(source="created_at")
    expiresAt = serializers.DateTimeField(
        source="expires_at", allow_null=True, help_text="Null: until it is released."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Somebody who wants no more mail",
            value={"address": "ann@example.com", "reason": "unsubscribe"},
            request_only=True,
        )
    ]
)
class SuppressionBody(StrictSerializer):
    """An address that shall get no mail."""

    address = AddressField()
    reason = serializers.ChoiceField(
        ["manual", "bounce", "complaint", "unsubscribe"], required=False, default="manual"
    )
    report = serializers.CharField(
        required=False, allow_blank=True, max_length=10_000, default="", help_text="Why, in words."
    )
    expiresAt = serializers.DateTimeField(
        source="expires_at",
        required=False,
        allow_null=True,
        default=None,
        help_text="Left out or null: until it is released.",
    )
    workspaceId = serializers.UUIDField(
        source="workspace_id", required=False, help_text="For `tk_` keys, which reach several."
    )
    clientId = ClientId()


class WorkspaceOfSuppression(StrictSerializer):
    workspace = serializers.UUIDField(
        required=False, help_text="For `tk_` keys, which reach several."
    )


class SuppressionQuery(StrictSerializer, PageQuery):
    workspace = serializers.UUIDField(required=False, help_text="Only those of this workspace.")
    reason = serializers.CharField(required=False, max_length=40)
    address = AddressField(required=False)


class SuppressionPage(serializers.Serializer[Any]):
    suppressions = SuppressionSerializer(many=True)
    pagination = Pagination()


class BounceSerializer(serializers.Serializer[Any]):
    """What the other server last refused."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(
        ["hard", "soft"], help_text="`hard`: the address is dead; `soft`: that message failed."
    )
    reason = serializers.CharField(
        help_text="`mailbox_unknown`, `mailbox_full`, `domain_gone`, `policy`, `spam`, `size`, ..."
    )
    status = serializers.CharField(help_text="Its enhanced code (RFC 3463); empty: none.")
    code = serializers.IntegerField(allow_null=True, help_text="Its reply code, such as 550.")
    reply = serializers.CharField(help_text="Its own words; not to be trusted as HTML.")
    messageId = serializers.UUIDField()
    inboxId = serializers.UUIDField()


class OutOfOfficeSerializer(serializers.Serializer[Any]):
    """What the last automatic reply from there said; not to be trusted as HTML."""

    backOn = serializers.DateField(allow_null=True, help_text="Null: it named no date.")
    writeTo = serializers.ListField(
        child=serializers.CharField(), help_text="Addresses that it names instead."
    )
    words = serializers.CharField()
    toldAt = serializers.DateTimeField()
    messageId = serializers.UUIDField()


class ContactThreadSerializer(Telling[Thread]):
    threadId = serializers.UUIDField(source="id")
    inboxId = serializers.UUIDField(source="inbox_id")
    subject = serializers.CharField()
    status = serializers.ChoiceField(Thread.Status.choices)
    lastMessageAt = serializers.DateTimeField(source="last_message_at")


class ContactSerializer(serializers.Serializer[Any]):
    """What is known of an address, within what the key reaches."""

    address = serializers.CharField()
    isSuppressed = serializers.BooleanField(help_text="Mail to it is refused now.")
    suppressions = SuppressionSerializer(
        many=True, help_text="In force; one for each workspace in reach."
    )
    lastBounce = BounceSerializer(allow_null=True)
    complaint = SuppressionSerializer(
        allow_null=True, help_text="The suppression that a complaint led to."
    )
    outOfOffice = OutOfOfficeSerializer(allow_null=True, help_text="Null: not known.")
    opens = serializers.IntegerField(
        allow_null=True, help_text="That look human, counted to 1,000. Null: not measured."
    )
    received = serializers.IntegerField(help_text="Messages it wrote to us; counted to 1,000.")
    sent = serializers.IntegerField(help_text="Messages that left for it; counted to 1,000.")
    lastReceivedAt = serializers.DateTimeField(allow_null=True)
    lastSentAt = serializers.DateTimeField(allow_null=True)
    threads = ContactThreadSerializer(many=True, help_text="The newest ten.")
