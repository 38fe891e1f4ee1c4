"""Webhooks and their deliveries as the API takes and tells them."""

# ruff: noqa: N815 - names on the wire

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from events.frames import name_of
from events.models import EventType
from events.subscription import cursor_of
from events.webhooks.models import Webhook, WebhookAttempt, WebhookDelivery
from events.webhooks.targets import MOST_LETTERS
from events.wire import ClientId, CursorQuery, Pagination, StrictSerializer

MOST_ATTEMPTS = 20


class WebhookBody(StrictSerializer):
    """What a webhook is made of."""

    url = serializers.CharField(
        max_length=MOST_LETTERS,
        help_text="http or https, port 80, 443 or at least 1024, to a public address.",
    )
    events = serializers.ListField(
        child=serializers.ChoiceField(EventType.choices), allow_empty=False, max_length=100
    )
    ordered = serializers.BooleanField(
        default=False,
        help_text="Strictly in the order of the log: while one is not taken, the others wait.",
    )
    includeSpam = serializers.BooleanField(
        default=False, help_text="true: told of what went to Junk, too."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Told of incoming mail",
            value={"url": "https://agent.example.com/hook", "events": ["message.received"]},
            request_only=True,
        )
    ]
)
class NewWebhook(WebhookBody):
    """Whose events: an inbox's, or without one a workspace's."""

    inboxId = serializers.UUIDField(required=False, allow_null=True, default=None)
    workspaceId = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Only a `tk_` key has to say it, where no inbox does.",
    )
    clientId = ClientId()


class WebhookPatch(WebhookBody):
    """What is left out stays as it is."""

    isActive = serializers.BooleanField(
        help_text="Switched on again, it goes on with what is queued, and hears what happens "
        "from now on. What it missed comes by `replay`."
    )


class WebhookSerializer(serializers.Serializer[Webhook]):
    """A webhook, without its secret: that was shown when it was made."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(EventType.choices))
    workspaceId = serializers.UUIDField(source="workspace_id")
    inboxId = serializers.UUIDField(
        source="inbox_id", allow_null=True, help_text="Null: every inbox of the workspace."
    )
    ordered = serializers.BooleanField()
    includeSpam = serializers.BooleanField(source="include_spam")
    isActive = serializers.BooleanField(source="is_active")
    disabledReason = serializers.CharField(
        source="disabled_reason", help_text="Why we switched it off; empty if we did not."
    )
    failingSince = serializers.DateTimeField(
        source="failing_since", allow_null=True, help_text="Null: the last request was taken."
    )
    lastSuccessAt = serializers.DateTimeField(
        source="last_success_at", allow_null=True, help_text="To about ten seconds."
    )
    createdAt = serializers.DateTimeField(source="created_at")
    createdBy = serializers.CharField(source="created_by")

    @classmethod
    def every(cls, rows: list[Webhook]) -> list[Any]:
        return [cls(row).data for row in rows]


class WebhookWithSecret(WebhookSerializer):
    """A webhook whose secret is new."""

    secret = serializers.CharField(help_text="`whsec_…` (Standard Webhooks), shown this once.")


class WebhookPage(serializers.Serializer[Any]):
    """A page of webhooks."""

    webhooks = WebhookSerializer(many=True)
    pagination = Pagination()


class WebhookQuery(CursorQuery, StrictSerializer):
    """A page of the list."""


class AttemptRequest(serializers.Serializer[WebhookAttempt]):
    """The request; its body is the delivery's."""

    url = serializers.CharField()
    headers = serializers.DictField(source="request_headers", child=serializers.CharField())


class AttemptResponse(serializers.Serializer[WebhookAttempt]):
    """The answer, its body cut at 4 KiB."""

    status = serializers.IntegerField(source="status_code")
    headers = serializers.DictField(source="response_headers", child=serializers.CharField())
    body = serializers.CharField(source="response_body")


class AttemptSerializer(serializers.Serializer[WebhookAttempt]):
    """One request and what came back."""

    startedAt = serializers.DateTimeField(source="started_at")
    milliseconds = serializers.IntegerField()
    request = AttemptRequest(source="*")
    response = serializers.SerializerMethodField()
    error = serializers.CharField(help_text="Why there is no answer, or it does not count.")

    @extend_schema_field(AttemptResponse(allow_null=True))
    def get_response(self, tried: WebhookAttempt) -> Any:
        return None if tried.status_code is None else AttemptResponse(tried).data


@extend_schema_serializer(component_name="WebhookDelivery")
class DeliverySerializer(serializers.Serializer[WebhookDelivery]):
    """One event for one webhook."""

    id = serializers.UUIDField(source="delivery_id")
    webhookId = serializers.UUIDField(source="webhook_id")
    event = serializers.CharField(source="event_type", help_text="The type; or `webhook.test`.")
    eventId = serializers.SerializerMethodField(help_text="The `webhook-id` of its requests.")
    status = serializers.ChoiceField(WebhookDelivery.Status.choices)
    attempts = serializers.IntegerField(help_text="Since it was last queued.")
    nextAttemptAt = serializers.SerializerMethodField(help_text="Null: nothing more is tried.")
    createdAt = serializers.DateTimeField(source="created_at")
    endedAt = serializers.DateTimeField(source="ended_at", allow_null=True)
    lastAttempt = serializers.SerializerMethodField()

    def get_eventId(self, delivery: WebhookDelivery) -> str:  # noqa: N802
        return name_of(delivery.event_id)

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_nextAttemptAt(self, delivery: WebhookDelivery) -> Any:  # noqa: N802
        if delivery.status != WebhookDelivery.Status.PENDING:
            return None
        return serializers.DateTimeField().to_representation(delivery.next_attempt_at)

    @extend_schema_field(AttemptSerializer(allow_null=True))
    def get_lastAttempt(self, delivery: WebhookDelivery) -> Any:  # noqa: N802
        tried = max(delivery.attempt_log.all(), key=lambda one: one.pk, default=None)
        return None if tried is None else AttemptSerializer(tried).data

    @classmethod
    def every(cls, rows: list[WebhookDelivery]) -> list[Any]:
        return [cls(row).data for row in rows]


@extend_schema_serializer(component_name="WholeDelivery")
class WholeDelivery(DeliverySerializer):
    """With the body that is posted, and every try."""

    body = serializers.CharField(source="payload", help_text="To the octet as it was signed.")
    attemptLog = serializers.SerializerMethodField(help_text=f"The last {MOST_ATTEMPTS}.")

    @extend_schema_field(AttemptSerializer(many=True))
    def get_attemptLog(self, delivery: WebhookDelivery) -> Any:  # noqa: N802
        tried = sorted(delivery.attempt_log.all(), key=lambda one: one.pk)
        return [AttemptSerializer(one).data for one in tried[-MOST_ATTEMPTS:]]


class DeliveryPage(serializers.Serializer[Any]):
    """A page of deliveries, newest first."""

    deliveries = DeliverySerializer(many=True)
    pagination = Pagination()


class DeliveryQuery(CursorQuery, StrictSerializer):
    """Which deliveries."""

    status = serializers.ChoiceField(WebhookDelivery.Status.choices, required=False)


class ReplayBody(StrictSerializer):
    """From where: one of the two."""

    schema_rules = {"minProperties": 1, "maxProperties": 1}
    since = serializers.DateTimeField(required=False, help_text="A moment, with its time zone.")
    after = serializers.CharField(
        required=False, help_text="A cursor: of an event, or `nextCursor` of a replay."
    )

    def validate_after(self, letters: str) -> Any:
        return cursor_of(letters)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if len(given) != 1:
            raise serializers.ValidationError({"since": ["Give either `since` or `after`."]})
        return given


class ReplayAnswer(serializers.Serializer[Any]):
    """What was queued again."""

    replayed = serializers.IntegerField(help_text="At most 2,000 events at a time.")
    nextCursor = serializers.CharField(
        allow_null=True, help_text="Where there are more: call again with this as `after`."
    )
