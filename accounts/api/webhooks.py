"""Webhooks over the API."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.http import ApiRequest, ApiView, asked, given, nothing_asked, once_named
from accounts.models import Workspace
from accounts.scope import Deed, Scope
from events.errors import Invalid, Missing
from events.frames import details_of
from events.webhooks import managing, wire
from events.webhooks.models import Webhook, WebhookDelivery
from events.wire import COUNTED_EXACTLY, NoBody, page

MANAGE: dict[str, Deed | None] = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), "manage")


def webhooks_of(scope: Scope) -> QuerySet[Webhook]:
    """What the caller manages: an inbox's key only the webhooks of that inbox."""
    within = scope.where("manage", workspace="workspace_id", inbox="inbox_id")
    return Webhook.objects.filter(within)


def find_webhook(scope: Scope, webhook_id: UUID) -> Webhook:
    """Raises Missing."""
    found = webhooks_of(scope).filter(pk=webhook_id).first()
    if found is None:
        raise Missing
    return found


def find_delivery(scope: Scope, webhook_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Raises Missing."""
    webhook = find_webhook(scope, webhook_id)
    rows = WebhookDelivery.objects.select_related("webhook").prefetch_related("attempt_log")
    found = rows.filter(webhook=webhook, delivery_id=delivery_id).first()
    if found is None:
        raise Missing
    return found


def _place_of(scope: Scope, body: dict[str, Any]) -> tuple[UUID, UUID | None]:
    """The workspace and the inbox that a new webhook is for. Raises Missing, Invalid."""
    assert scope.key is not None  # noqa: S101 - only keys get here
    inbox_id: UUID | None = body["inboxId"] or scope.key.inbox_id
    workspace_id: UUID | None = body["workspaceId"] or scope.key.workspace_id
    if inbox_id is not None:
        home = details_of("inbox", [inbox_id]).get(inbox_id)
        if home is None or body["workspaceId"] not in (None, home["workspace_id"]):
            raise Missing
        workspace_id = cast(UUID, home["workspace_id"])
    if workspace_id is None:
        raise Invalid.field("inboxId", "Say whose events: inboxId or workspaceId.")
    if not scope.reaches(workspace_id, inbox_id, "manage"):
        raise Missing
    if inbox_id is None and scope.key.workspace_id is None:
        _check_workspace(workspace_id)
    return workspace_id, inbox_id


def _check_workspace(workspace_id: UUID) -> None:
    if not Workspace.objects.filter(pk=workspace_id).exists():
        raise Missing


class Webhooks(ApiView):
    """GET and POST /v1/webhooks"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGE

    @extend_schema(
        operation_id="listWebhooks",
        tags=["webhooks"],
        parameters=[wire.WebhookQuery],
        responses=wire.WebhookPage,
    )
    def get(self, request: ApiRequest) -> Response:
        """Webhooks in reach, newest first."""
        asked(request, wire.WebhookQuery)
        return Response(
            page(
                request,
                webhooks_of(request.auth),
                plural="webhooks",
                serialize=wire.WebhookSerializer.every,
            )
        )

    @extend_schema(
        operation_id="createWebhook",
        tags=["webhooks"],
        request=wire.NewWebhook,
        responses={201: wire.WebhookWithSecret},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Be told of events by POST requests, signed by the Standard Webhooks specification. The
        answer shows the secret once. An inbox's key makes webhooks of that inbox."""
        body = given(request.data, wire.NewWebhook)
        workspace_id, inbox_id = _place_of(request.auth, body)
        managing.check_url(body["url"])

        def create() -> Response:
            made = managing.create(
                workspace_id,
                inbox_id=inbox_id,
                url=body["url"],
                events=body["events"],
                ordered=body["ordered"],
                include_spam=body["includeSpam"],
                by=request.auth.actor,
            )
            return Response(_shown(made), status=201)

        scope = f"webhooks:{inbox_id or workspace_id}"
        return once_named(request, scope, body, create, shows_secret=True)


def _shown(made: managing.Made) -> dict[str, Any]:
    return {**wire.WebhookSerializer(made.webhook).data, "secret": made.secret}


class OneWebhook(ApiView):
    """GET, PATCH and DELETE /v1/webhooks/{webhook_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = MANAGE

    @extend_schema(operation_id="getWebhook", tags=["webhooks"], responses=wire.WebhookSerializer)
    def get(self, request: ApiRequest, webhook_id: UUID) -> Response:
        """One webhook, without its secret."""
        return Response(wire.WebhookSerializer(find_webhook(request.auth, webhook_id)).data)

    @extend_schema(
        operation_id="changeWebhook",
        tags=["webhooks"],
        request=wire.WebhookPatch,
        responses=wire.WebhookSerializer,
    )
    def patch(self, request: ApiRequest, webhook_id: UUID) -> Response:
        """Change what is given. One that we switched off is switched on by `isActive`."""
        webhook = find_webhook(request.auth, webhook_id)
        body = given(request.data, wire.WebhookPatch, partial=True)
        if "url" in body:
            managing.check_url(body["url"])
        changed = managing.change(
            webhook,
            by=request.auth.actor,
            url=body.get("url"),
            events=body.get("events"),
            ordered=body.get("ordered"),
            include_spam=body.get("includeSpam"),
            is_active=body.get("isActive"),
        )
        return Response(wire.WebhookSerializer(changed).data)

    @extend_schema(operation_id="deleteWebhook", tags=["webhooks"], responses={204: None})
    def delete(self, request: ApiRequest, webhook_id: UUID) -> Response:
        """End it, with its deliveries."""
        managing.delete(find_webhook(request.auth, webhook_id), by=request.auth.actor)
        return Response(status=204)


class RotateSecret(ApiView):
    """POST /v1/webhooks/{webhook_id}/rotate-secret"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "manage"}

    @extend_schema(
        operation_id="rotateWebhookSecret",
        tags=["webhooks"],
        request=NoBody,
        responses=wire.WebhookWithSecret,
    )
    def post(self, request: ApiRequest, webhook_id: UUID) -> Response:
        """A new secret, shown once. For 24 hours requests are signed under both."""
        webhook = find_webhook(request.auth, webhook_id)
        nothing_asked(request)
        return Response(_shown(managing.rotate_secret(webhook, by=request.auth.actor)))


class SendTest(ApiView):
    """POST /v1/webhooks/{webhook_id}/test"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "manage"}

    @extend_schema(
        operation_id="testWebhook",
        tags=["webhooks"],
        request=NoBody,
        responses={202: wire.DeliverySerializer},
    )
    def post(self, request: ApiRequest, webhook_id: UUID) -> Response:
        """Queue a `webhook.test` event. Its delivery tells, a moment later, how it went."""
        webhook = find_webhook(request.auth, webhook_id)
        nothing_asked(request)
        queued = managing.send_test(webhook)
        return Response(wire.DeliverySerializer(queued).data, status=202)


class Replay(ApiView):
    """POST /v1/webhooks/{webhook_id}/replay"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "manage"}

    @extend_schema(
        operation_id="replayWebhook",
        tags=["webhooks"],
        request=wire.ReplayBody,
        responses={202: wire.ReplayAnswer},
    )
    def post(self, request: ApiRequest, webhook_id: UUID) -> Response:
        """Queue again what happened since then, also what was taken already. The log keeps 7
        days."""
        webhook = find_webhook(request.auth, webhook_id)
        body = given(request.data, wire.ReplayBody)
        done = managing.replay(webhook, since=body.get("since"), after=body.get("after"))
        following = None if done.following is None else str(done.following)
        return Response({"replayed": done.count, "nextCursor": following}, status=202)


class Deliveries(ApiView):
    """GET /v1/webhooks/{webhook_id}/deliveries"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "manage"}

    @extend_schema(
        operation_id="listWebhookDeliveries",
        tags=["webhooks"],
        parameters=[wire.DeliveryQuery],
        responses=wire.DeliveryPage,
    )
    def get(self, request: ApiRequest, webhook_id: UUID) -> Response:
        """What was and will be posted, newest first, with the last try of each. Kept for 8 days."""
        webhook = find_webhook(request.auth, webhook_id)
        query = asked(request, wire.DeliveryQuery)
        rows = webhook.deliveries.defer("payload").prefetch_related("attempt_log")
        if "status" in query:
            rows = rows.filter(status=query["status"])
        return Response(
            page(
                request,
                rows,
                plural="deliveries",
                serialize=wire.DeliverySerializer.every,
                counted=1_000 if "status" in query else COUNTED_EXACTLY,
            )
        )


class OneDelivery(ApiView):
    """GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}"""

    deeds: ClassVar[dict[str, Deed | None]] = {"GET": "manage"}

    @extend_schema(
        operation_id="getWebhookDelivery", tags=["webhooks"], responses=wire.WholeDelivery
    )
    def get(self, request: ApiRequest, webhook_id: UUID, delivery_id: UUID) -> Response:
        """One delivery with the body that is posted and each try: request, answer and timing."""
        found = find_delivery(request.auth, webhook_id, delivery_id)
        return Response(wire.WholeDelivery(found).data)


class Redeliver(ApiView):
    """POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"""

    deeds: ClassVar[dict[str, Deed | None]] = {"POST": "manage"}

    @extend_schema(
        operation_id="redeliverWebhookDelivery",
        tags=["webhooks"],
        request=NoBody,
        responses={202: wire.DeliverySerializer},
    )
    def post(self, request: ApiRequest, webhook_id: UUID, delivery_id: UUID) -> Response:
        """Post it again, with all tries anew; one that waits for its next try is due at once."""
        found = find_delivery(request.auth, webhook_id, delivery_id)
        nothing_asked(request)
        return Response(wire.DeliverySerializer(managing.redeliver(found)).data, status=202)
