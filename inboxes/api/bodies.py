"""What the writes of this part take."""

# ruff: noqa: N815 - names on the wire

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.serializers import one_line
from events.wire import ClientId, StrictSerializer
from inboxes.models import Inbox, Thread

MOST_HOLD_SECONDS = 86_400


class Labels(serializers.ListField):
    """A list of labels: 1 to 60 characters each, compared as written."""

    child = serializers.CharField(min_length=1, max_length=60, validators=[one_line])

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=50, **options)


class Username(serializers.RegexField):
    """What stands before the @ of an inbox's first address."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            r"^(?!\.)(?!.*\.\.)[a-z0-9._-]{1,64}(?<!\.)$",
            max_length=64,
            error_messages={
                "invalid": "Takes lower-case letters, digits, `.`, `-` and `_`; "
                "no dot at either end, and no two in a row."
            },
            **options,
        )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "An inbox",
            value={"username": "support", "displayName": "Acme Support", "reviewMode": "policy"},
            request_only=True,
        )
    ]
)
class InboxBody(StrictSerializer):
    """An inbox to open."""

    username = Username(required=False, help_text="Left out: one is made up.")
    domain = serializers.CharField(
        required=False,
        max_length=255,
        help_text="Left out: the installation's, else the workspace's oldest verified one.",
    )
    workspaceId = serializers.UUIDField(
        source="workspace_id", required=False, help_text="For `tk_` keys, which reach several."
    )
    displayName = serializers.CharField(
        source="display_name",
        required=False,
        allow_blank=True,
        max_length=120,
        validators=[one_line],
    )
    reviewMode = serializers.ChoiceField(
        Inbox.ReviewMode.choices, source="review_mode", required=False
    )
    metadata = serializers.DictField(required=False, help_text="Yours; kept as it is.")
    clientId = ClientId()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A further address", value={"address": "billing@acme.example"}, request_only=True
        )
    ]
)
class AddressBody(StrictSerializer):
    """A further address."""

    address = serializers.CharField(max_length=320)
    primary = serializers.BooleanField(
        required=False, default=False, help_text="True: mail from the inbox is From this one."
    )
    clientId = ClientId()


class InboxPatch(StrictSerializer):
    """What can be changed of an inbox; what is left out stays."""

    displayName = serializers.CharField(
        source="display_name",
        required=False,
        allow_blank=True,
        max_length=120,
        validators=[one_line],
    )
    metadata = serializers.DictField(
        required=False, help_text="A merge patch (RFC 7396) to what is there; null removes a name."
    )
    status = serializers.ChoiceField(Inbox.Status.choices, required=False)
    reviewMode = serializers.ChoiceField(
        Inbox.ReviewMode.choices, source="review_mode", required=False
    )
    trackOpens = serializers.BooleanField(source="track_opens", required=False)
    trackClicks = serializers.BooleanField(source="track_clicks", required=False)
    firstContactGuard = serializers.BooleanField(source="first_contact_guard", required=False)
    holdSeconds = serializers.IntegerField(
        source="hold_seconds",
        required=False,
        min_value=0,
        max_value=MOST_HOLD_SECONDS,
        help_text="Seconds; 0 sends at once.",
    )
    signature = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=10_000
    )


class MessagePatch(StrictSerializer):
    """What can be noted on a message."""

    isRead = serializers.BooleanField(required=False)
    addLabels = Labels()
    removeLabels = Labels()


class ThreadPatch(StrictSerializer):
    """What can be noted on a conversation."""

    status = serializers.ChoiceField(Thread.Status.choices, required=False)
    category = serializers.CharField(
        required=False, allow_blank=True, max_length=60, validators=[one_line]
    )
    addLabels = Labels(source="add_labels")
    removeLabels = Labels(source="remove_labels")


class MergeBody(StrictSerializer):
    """Which threads become part of this one."""

    threadIds = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=50)


class SplitBody(StrictSerializer):
    """Where to part a conversation: one of the two."""

    schema_rules = {"minProperties": 1, "maxProperties": 1}
    fromMessageId = serializers.UUIDField(
        required=False, help_text="This message and all later ones go to a new thread."
    )
    threadId = serializers.UUIDField(
        required=False, help_text="Undo a merge: this thread gets back the messages it had."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError(
                {"fromMessageId": ["Give either this or `threadId`."]}
            )
        return attrs
