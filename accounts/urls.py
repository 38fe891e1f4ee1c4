"""Routes of `accounts`: `api` stands under /v1/, `pages` at the root."""

from django.urls import URLPattern, path

from accounts.api import webhooks
from accounts.api.events import Events
from accounts.api.keys import RotateWorkspaceKey, WorkspaceKey, WorkspaceKeys
from accounts.api.me import Me
from accounts.api.workspaces import OneWorkspace, Workspaces
from accounts.people import SignIn, SignOut

_WORKSPACE = "workspaces/<uuid:workspace_id>"
_KEY = f"{_WORKSPACE}/keys/<uuid:key_id>"
_WEBHOOK = "webhooks/<uuid:webhook_id>"
_DELIVERY = f"{_WEBHOOK}/deliveries/<uuid:delivery_id>"

api: list[URLPattern] = [
    path("me", Me.as_view(), name="api-me"),
    path("workspaces", Workspaces.as_view(), name="api-workspaces"),
    path(_WORKSPACE, OneWorkspace.as_view(), name="api-workspace"),
    path(f"{_WORKSPACE}/keys", WorkspaceKeys.as_view(), name="api-workspace-keys"),
    path(_KEY, WorkspaceKey.as_view(), name="api-workspace-key"),
    path(f"{_KEY}/rotate", RotateWorkspaceKey.as_view(), name="api-workspace-key-rotate"),
    path("events", Events.as_view(), name="api-events"),
    path("webhooks", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path(_WEBHOOK, webhooks.OneWebhook.as_view(), name="api-webhook"),
    path(f"{_WEBHOOK}/rotate-secret", webhooks.RotateSecret.as_view(), name="api-webhook-rotate"),
    path(f"{_WEBHOOK}/test", webhooks.SendTest.as_view(), name="api-webhook-test"),
    path(f"{_WEBHOOK}/replay", webhooks.Replay.as_view(), name="api-webhook-replay"),
    path(f"{_WEBHOOK}/deliveries", webhooks.Deliveries.as_view(), name="api-webhook-deliveries"),
    path(_DELIVERY, webhooks.OneDelivery.as_view(), name="api-webhook-delivery"),
    path(f"{_DELIVERY}/redeliver", webhooks.Redeliver.as_view(), name="api-webhook-redeliver"),
]
pages: list[URLPattern] = [
    path("sign-in", SignIn.as_view(), name="sign-in"),
    path("sign-out", SignOut.as_view(), name="sign-out"),
]
