"""Who is told of events; and who hears mail no more."""

from typing import Unpack

from mailagent_client import fields, results
from mailagent_client.calls import (
    Call,
    Group,
    Listing,
    TransportT,
    call,
    delete,
    get,
    listing,
    pages,
    patch,
    post,
)

_WEBHOOK = "webhooks/{}"
_KEYS = {"inbox": "inboxes/{}/keys", "workspace": "workspaces/{}/keys"}


class Events(Group[TransportT]):
    """The log, polled. To hear of events as they happen: `listen` of the client."""

    @listing
    def list(self, **filters: Unpack[fields.EventFilter]) -> Listing[results.PolledEvent]:
        """Oldest first, from `after` to the present end of the log."""
        return pages("events", "events", params=filters, onward="after")


class Webhooks(Group[TransportT]):
    """Addresses of yours that events are posted to. See `mailagent_client.webhooks.verify`."""

    @listing
    def list(self, **paging: Unpack[fields.CursorPaging]) -> Listing[results.Webhook]:
        return pages("webhooks", "webhooks", params=paging)

    @call
    def create(self, **webhook: Unpack[fields.NewWebhook]) -> Call[results.WebhookWithSecret]:
        """`secret` is shown this once."""
        return post("webhooks", fields=webhook)

    @call
    def get(self, webhook_id: str) -> Call[results.Webhook]:
        return get(_WEBHOOK, webhook_id)

    @call
    def update(
        self, webhook_id: str, **changed: Unpack[fields.WebhookPatch]
    ) -> Call[results.Webhook]:
        return patch(_WEBHOOK, webhook_id, fields=changed)

    @call
    def delete(self, webhook_id: str) -> Call[None]:
        return delete(_WEBHOOK, webhook_id)

    @call
    def rotate_secret(
        self, webhook_id: str, **step: Unpack[fields.Creating]
    ) -> Call[results.WebhookWithSecret]:
        """Both secrets sign for 24 hours."""
        return post(f"{_WEBHOOK}/rotate-secret", webhook_id, fields=step)

    @call
    def test(
        self, webhook_id: str, **step: Unpack[fields.Creating]
    ) -> Call[results.WebhookDelivery]:
        return post(f"{_WEBHOOK}/test", webhook_id, fields=step)

    @listing
    def deliveries(
        self, webhook_id: str, **filters: Unpack[fields.DeliveryFilter]
    ) -> Listing[results.WebhookDelivery]:
        """Newest first."""
        return pages("deliveries", f"{_WEBHOOK}/deliveries", webhook_id, params=filters)

    @call
    def delivery(self, webhook_id: str, delivery_id: str) -> Call[results.WholeDelivery]:
        """What was posted, what was answered, and how long it took."""
        return get(f"{_WEBHOOK}/deliveries/{{}}", webhook_id, delivery_id)

    @call
    def redeliver(
        self, webhook_id: str, delivery_id: str, **step: Unpack[fields.Creating]
    ) -> Call[results.WebhookDelivery]:
        return post(f"{_WEBHOOK}/deliveries/{{}}/redeliver", webhook_id, delivery_id, fields=step)

    @call
    def replay(self, webhook_id: str, **since: Unpack[fields.Replay]) -> Call[results.Replayed]:
        """Post again what happened `since` a moment, or `after` the `nextCursor` of a replay."""
        return post(f"{_WEBHOOK}/replay", webhook_id, fields=since)


class Suppressions(Group[TransportT]):
    """Addresses that are not written to."""

    @listing
    def list(self, **filters: Unpack[fields.SuppressionFilter]) -> Listing[results.Suppression]:
        return pages("suppressions", "suppressions", params=filters)

    @call
    def create(
        self, address: str, **more: Unpack[fields.NewSuppression]
    ) -> Call[results.Suppression]:
        return post("suppressions", fields={"address": address, **more})

    @call
    def get(self, address: str, **where: Unpack[fields.InWorkspace]) -> Call[results.Suppression]:
        return get("suppressions/{}", address, params=where)

    @call
    def delete(self, address: str, **where: Unpack[fields.InWorkspace]) -> Call[None]:
        return delete("suppressions/{}", address, params=where)


class Contacts(Group[TransportT]):
    """What is known of an address."""

    @call
    def get(self, address: str) -> Call[results.Contact]:
        """Its last bounce, complaint, out of office, opens, threads."""
        return get("contacts/{}", address)


class Keys(Group[TransportT]):
    """Keys of the API: of an inbox (`inbox_id`) or of a workspace (`workspace_id`)."""

    @listing
    def of_inbox(self, inbox_id: str, **filters: Unpack[fields.KeyFilter]) -> Listing[results.Key]:
        return pages("keys", _KEYS["inbox"], inbox_id, params=filters)

    @call
    def create_for_inbox(self, inbox_id: str, **new: Unpack[fields.NewKey]) -> Call[results.NewKey]:
        """`key` is shown this once."""
        return post(_KEYS["inbox"], inbox_id, fields=new)

    @call
    def get_of_inbox(self, inbox_id: str, key_id: str) -> Call[results.Key]:
        return get(f"{_KEYS['inbox']}/{{}}", inbox_id, key_id)

    @call
    def rotate_of_inbox(
        self, inbox_id: str, key_id: str, **step: Unpack[fields.Rotation]
    ) -> Call[results.NewKey]:
        """A new key beside the old one, which ends after `overlap_seconds`."""
        return post(f"{_KEYS['inbox']}/{{}}/rotate", inbox_id, key_id, fields=step)

    @call
    def revoke_of_inbox(self, inbox_id: str, key_id: str) -> Call[None]:
        return delete(f"{_KEYS['inbox']}/{{}}", inbox_id, key_id)

    @listing
    def of_workspace(
        self, workspace_id: str, **filters: Unpack[fields.KeyFilter]
    ) -> Listing[results.Key]:
        return pages("keys", _KEYS["workspace"], workspace_id, params=filters)

    @call
    def create_for_workspace(
        self, workspace_id: str, **new: Unpack[fields.NewKey]
    ) -> Call[results.NewKey]:
        """`key` is shown this once."""
        return post(_KEYS["workspace"], workspace_id, fields=new)

    @call
    def get_of_workspace(self, workspace_id: str, key_id: str) -> Call[results.Key]:
        return get(f"{_KEYS['workspace']}/{{}}", workspace_id, key_id)

    @call
    def rotate_of_workspace(
        self, workspace_id: str, key_id: str, **step: Unpack[fields.Rotation]
    ) -> Call[results.NewKey]:
        """A new key beside the old one, which ends after `overlap_seconds`."""
        return post(f"{_KEYS['workspace']}/{{}}/rotate", workspace_id, key_id, fields=step)

    @call
    def revoke_of_workspace(self, workspace_id: str, key_id: str) -> Call[None]:
        return delete(f"{_KEYS['workspace']}/{{}}", workspace_id, key_id)


class Account(Group[TransportT]):
    """The key itself, and figures."""

    @call
    def me(self) -> Call[results.Me]:
        """What this key is, reaches and may."""
        return get("me")

    @call
    def metrics(self, **filters: Unpack[fields.MetricsFilter]) -> Call[results.Metrics]:
        """Sent, received, bounced, complained, opened, clicked; and of review."""
        return get("metrics", params=filters)
