"""What the writes of this part take."""

# ruff: noqa: N815 - names on the wire

from typing import Any

from rest_framework import serializers

from events.wire import StrictSerializer
from inboxes.models import Inbox, Thread

MOST_HOLD_SECONDS = 86_400


def one_line(text: str) -> None:
    """Raises ValidationError for text that would break out of a header field or a label."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise serializers.ValidationError("Must be one line without control characters.")


class Labels(serializers.ListField):
    """A list of labels: 1 to 60 characters each, compared as written."""

    child = serializers.CharField(min_length=1, max_length=60, validators=[one_line])

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=50, **options)


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
        required=False, help_text="Merged by name into what is there; null removes a name."
    )
    status = serializers.ChoiceField(Inbox.Status.choices, required=False)
    reviewMode = serializers.ChoiceField(
        Inbox.ReviewMode.choices, source="review_mode", required=False
    )
    trackOpens = serializers.BooleanField(source="track_opens", required=False)
    trackClicks = serializers.BooleanField(source="track_clicks", required=False)
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
