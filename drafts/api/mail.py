"""Mail that an agent wants to leave at once. Each is a draft, on which the policy decides."""

# ruff: noqa: N815 - names on the wire

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, given, once_named
from accounts.scope import Deed
from drafts import review
from drafts.api.bodies import DraftSendBody, ForwardBody, ReplyBody, SendBody, given_of
from drafts.api.finding import IF_MATCH, find_draft, version_of
from drafts.api.forms import JSON_OR_FORM, ForwardForm, ReplyForm, SendForm, written
from drafts.direct import send_directly
from drafts.forwarding import forwarded
from drafts.review import SendOutcome
from inboxes.models import Inbox, Message
from inboxes.reach import find_inbox, find_message


class OutcomeSerializer(serializers.Serializer[SendOutcome]):
    """What came of asking. `id`: the message, or the draft where a person has to look first."""

    id = serializers.SerializerMethodField()
    threadId = serializers.UUIDField(source="draft.thread_id", allow_null=True)
    status = serializers.CharField(help_text="`queued`, or `pending_review`.")
    messageId = serializers.UUIDField(source="draft.message_id", allow_null=True)
    draftId = serializers.UUIDField(source="draft.id")

    def get_id(self, outcome: SendOutcome) -> UUID:
        return outcome.draft.message_id or outcome.draft.pk


_FORM = "multipart/form-data"
_SEND = {"application/json": SendBody, _FORM: SendForm}
_REPLY = {"application/json": ReplyBody, _FORM: ReplyForm}
_FORWARD = {"application/json": ForwardBody, _FORM: ForwardForm}
_RESPONSES = {200: OutcomeSerializer, 202: OutcomeSerializer}


def answer(outcome: SendOutcome) -> Response:
    return Response(OutcomeSerializer(outcome).data, status=outcome.http_status)


def _sent(
    request: ApiRequest,
    inbox: Inbox,
    body: dict[str, Any],
    *,
    parent: Message | None = None,
    passed_on: Message | None = None,
    to_everyone: bool = False,
) -> HttpResponseBase:
    """Written, and asked to leave: once for good where the body has a `clientId`."""

    def send() -> Response:
        mail = given_of(body)
        outcome = send_directly(
            inbox,
            by=request.auth,
            reply_to_message=parent,
            to_everyone=to_everyone,
            verified=body.get("verified", False),
            **(forwarded(passed_on, mail) if passed_on else mail),
        )
        return answer(outcome)

    return once_named(request, f"inbox:{inbox.pk}", body, send)


class SendDraft(ApiView):
    """POST /v1/inboxes/{inbox_id}/drafts/{draft_id}/send"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "send"}

    @extend_schema(
        operation_id="sendDraft",
        tags=["drafts"],
        parameters=[IF_MATCH],
        request=DraftSendBody,
        responses=_RESPONSES,
    )
    def post(self, request: ApiRequest, inbox_id: str, draft_id: UUID) -> Response:
        """Ask for the draft to leave. 202 where a person decides first.

        Refused with 409 `DRAFT_ALREADY_SENT`; `THREAD_CHANGED`, where a newer message came in
        (look at it, then say `force: true`); `IN_REVIEW`, where a person holds it; `NOT_OPEN`.
        And with 403 `INBOX_PAUSED`, `SUPPRESSED` or `FIRST_CONTACT`.
        """
        draft = find_draft(request.auth, inbox_id, draft_id, "send")
        body = given(request.data, DraftSendBody)
        outcome = review.ask_to_send(
            draft,
            by=request.auth,
            force=body.get("force", False),
            verified=body.get("verified", False),
            version=version_of(request),
        )
        return answer(outcome)


class Send(ApiView):
    """POST /v1/inboxes/{inbox_id}/send"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "send"}
    parser_classes = JSON_OR_FORM

    @extend_schema(operation_id="sendMail", tags=["messages"], request=_SEND, responses=_RESPONSES)
    def post(self, request: ApiRequest, inbox_id: str) -> HttpResponseBase:
        """Begin a conversation. 202 where a person decides first. Refused with 403 `INBOX_PAUSED`,
        `SUPPRESSED` or, where the inbox asks for it and `verified` is not true, `FIRST_CONTACT`."""
        inbox = find_inbox(request.auth, inbox_id, "send")
        return _sent(request, inbox, written(request, SendBody))


class Reply(ApiView):
    """POST /v1/inboxes/{inbox_id}/reply/{message_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "send"}
    parser_classes = JSON_OR_FORM
    to_everyone = False

    @extend_schema(operation_id="reply", tags=["messages"], request=_REPLY, responses=_RESPONSES)
    def post(self, request: ApiRequest, inbox_id: str, message_id: UUID) -> HttpResponseBase:
        """Answer a message: Reply-To, then From. 202 where a person decides first."""
        inbox = find_inbox(request.auth, inbox_id, "send")
        parent = find_message(inbox, message_id)
        body = written(request, ReplyBody)
        return _sent(request, inbox, body, parent=parent, to_everyone=self.to_everyone)


@extend_schema_view(post=extend_schema(operation_id="replyToMessage"))
class ReplyToMessage(Reply):
    """POST /v1/inboxes/{inbox_id}/messages/{message_id}/reply"""


_TO_ALL = (
    "Answer a message, and everybody in its To and Cc but ourselves. 202 where a person decides "
    "first."
)


@extend_schema_view(post=extend_schema(operation_id="replyAll", description=_TO_ALL))
class ReplyAll(Reply):
    """POST /v1/inboxes/{inbox_id}/reply-all/{message_id}"""

    to_everyone = True


@extend_schema_view(post=extend_schema(operation_id="replyAllToMessage"))
class ReplyAllToMessage(ReplyAll):
    """POST /v1/inboxes/{inbox_id}/messages/{message_id}/reply-all"""


class Forward(ApiView):
    """POST /v1/inboxes/{inbox_id}/forward/{message_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "send"}
    parser_classes = JSON_OR_FORM

    @extend_schema(
        operation_id="forward", tags=["messages"], request=_FORWARD, responses=_RESPONSES
    )
    def post(self, request: ApiRequest, inbox_id: str, message_id: UUID) -> HttpResponseBase:
        """Pass a message on with its files, on a new thread. 202 where a person decides first."""
        inbox = find_inbox(request.auth, inbox_id, "send")
        message = find_message(inbox, message_id)
        return _sent(request, inbox, written(request, ForwardBody), passed_on=message)


@extend_schema_view(post=extend_schema(operation_id="forwardMessage"))
class ForwardMessage(Forward):
    """POST /v1/inboxes/{inbox_id}/messages/{message_id}/forward"""
