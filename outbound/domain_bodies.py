"""Domains as the API takes and tells them (API.md). Field by field."""

# ruff: noqa: N815 - names on the wire

from typing import Any

from rest_framework import serializers

from accounts.telling import Telling
from events.wire import ClientId, PageQuery, Pagination, StrictSerializer
from inboxes.models import Domain
from outbound.dns_records import Verdict
from outbound.domains import verdicts_on

RECORD_TYPES = ["MX", "TXT", "CNAME", "A", "AAAA"]
PURPOSES = [
    *("ownership", "mx", "spf", "dkim", "dkim_next", "dkim_previous"),
    *("dmarc", "return_path", "tracking"),
]


class DomainBody(StrictSerializer):
    domain = serializers.CharField(max_length=1000, help_text="`acme.com`, also in Unicode.")
    workspaceId = serializers.UUIDField(
        required=False, help_text="For `tk_` keys, which reach several workspaces."
    )
    clientId = ClientId()


class DomainQuery(StrictSerializer, PageQuery):
    workspace = serializers.UUIDField(required=False, help_text="Only those of this workspace.")


class DnsRecordSerializer(Telling[Verdict]):
    """One record to publish, beside what the DNS says."""

    type = serializers.ChoiceField(RECORD_TYPES, source="record.type")
    host = serializers.CharField(
        source="record.host", help_text="Relative to the domain; `@` is the domain itself."
    )
    name = serializers.CharField(source="record.name", help_text="The whole name.")
    value = serializers.CharField(source="record.value")
    priority = serializers.IntegerField(
        source="record.priority", allow_null=True, help_text="MX only."
    )
    purpose = serializers.ChoiceField(
        PURPOSES,
        source="record.purpose",
        help_text="`dkim_next`: will sign once it is published. `dkim_previous`: signs no more; "
        "keep it until it is no longer listed.",
    )
    status = serializers.ChoiceField(
        ["pending", "found", "missing", "wrong"], help_text="`pending`: the DNS has not told yet."
    )
    found = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="What stands in its place. Null: the DNS has not told yet.",
    )


class DomainSerializer(Telling[Domain]):
    """A domain of the workspace."""

    id = serializers.UUIDField()
    domain = serializers.CharField(source="name", help_text="In A-labels, lower case.")
    workspaceId = serializers.UUIDField(source="workspace_id")
    status = serializers.ChoiceField(
        Domain.Status.choices,
        help_text="`pending`: not looked at yet. `verifying`: records are missing. `verified`: in "
        "and out. `failed`: something was enabled and its records have gone.",
    )
    inboundEnabled = serializers.BooleanField(
        source="inbound_enabled", help_text="Its mail comes to us: ownership and MX."
    )
    outboundEnabled = serializers.BooleanField(
        source="outbound_enabled", help_text="We may send for it: ownership, SPF and DKIM."
    )
    dnsRecords = serializers.SerializerMethodField(help_text="Everything to publish.")
    checkedAt = serializers.DateTimeField(
        source="checked_at", allow_null=True, help_text="When the DNS was last asked."
    )
    failingSince = serializers.DateTimeField(
        source="failing_since",
        allow_null=True,
        help_text="Since then a record that is needed is gone: it will be switched off.",
    )
    createdAt = serializers.DateTimeField(source="created_at")

    def get_dnsRecords(self, domain: Domain) -> list[dict[str, Any]]:  # noqa: N802
        return DnsRecordSerializer.every(verdicts_on(domain))


class DomainPage(serializers.Serializer[Any]):
    domains = DomainSerializer(many=True)
    pagination = Pagination()


class OneDomain(DomainSerializer):
    """A domain, whole under `domain` and with its fields beside that."""

    domain = DomainSerializer(source="*")  # type: ignore[assignment]


class ClaimedDomain(OneDomain):
    existed = serializers.BooleanField(help_text="The workspace had claimed it before.")


def told(domain: Domain, **more: Any) -> dict[str, Any]:
    """The answer about one domain: flat, and wrapped in `domain`."""
    (fields,) = DomainSerializer.every([domain])
    return {**fields, "domain": fields, **more}
