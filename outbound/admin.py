"""The queue and the suppressions in the admin pages. Signing keys are not shown at all."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from accounts.admin import actor
from events import audit
from events.admin import ReadOnlyAdmin, ReadOnlyInline, RowAdmin, RowForm
from inboxes.addresses import fold_address
from inboxes.admin import DomainAdmin
from inboxes.models import Domain
from outbound.dns_records import Record
from outbound.domains import verdicts_on
from outbound.models import Delivery, DeliveryAttempt, DkimKey, Suppression
from outbound.pause_admin import PauseAdmin as PauseAdmin
from outbound.signing import new_domain_keys
from outbound.transport_admin import DomainTransportAdmin as DomainTransportAdmin


class AttemptInline(ReadOnlyInline):
    model = DeliveryAttempt
    fields = ("number", "started_at", "ended_at", "outcome", "reply_code", "reply_text", "host")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("id", "rcpt_to", "status", "attempts", "next_attempt_at", "last_code")
    list_filter = ("status", "transport", "by_person")
    id_fields = ("message_id",)
    text_fields = ("rcpt_to", "rcpt_domain")
    search_help_text = "A message's id, a recipient's address, or their domain."
    inlines = (AttemptInline,)


class DomainWithRecordsAdmin(DomainAdmin):
    """A domain with the records to publish, beside what the DNS says. Its keys come with it."""

    observed = ("owned_at", "checked_at", "next_check_at", "failing_since", "dns_records")

    def get_readonly_fields(self, request: HttpRequest, obj: Domain | None = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, *self.observed) if obj else fixed

    @admin.display(description="DNS records")
    def dns_records(self, domain: Domain) -> str:
        rows = [
            (
                each.status,
                each.record.purpose,
                each.record.type,
                each.record.name,
                _with_priority(each.record),
                "; ".join(each.found or ()),
            )
            for each in verdicts_on(domain)
        ]
        head = mark_safe("<tr><th>status<th>purpose<th>type<th>name<th>value<th>found</tr>")
        row = "<tr><td>{}<td>{}<td>{}<td>{}<td><code>{}</code><td><code>{}</code></tr>"
        return format_html("<table>{}{}</table>", head, format_html_join("", row, rows))

    def save_model(self, request: HttpRequest, obj: Domain, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            new_domain_keys(obj)


def _with_priority(record: Record) -> str:
    return record.value if record.priority is None else f"{record.priority} {record.value}"


admin.site.unregister(Domain)
admin.site.register(Domain, DomainWithRecordsAdmin)


@admin.register(DkimKey)
class DkimKeyAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "algorithm", "active", "created_at")
    list_filter = ("algorithm", "active")
    list_select_related = ("domain",)
    text_fields = ("selector", "domain__name")
    fields = (
        *("domain", "selector", "algorithm", "public_record"),
        *("active", "created_at", "retired_at"),
    )


class SuppressionForm(RowForm):
    class Meta:
        model = Suppression
        fields = ("workspace", "address", "reason", "detail", "expires_at")

    def clean_address(self) -> str:
        return fold_address(self.cleaned_data["address"])


@admin.register(Suppression)
class SuppressionAdmin(RowAdmin):
    """Addresses are put here by bounces, and by hand; deleting one releases the address."""

    form = SuppressionForm
    list_display = ("address", "workspace", "reason", "created_at", "expires_at")
    list_filter = ("reason",)
    list_select_related = ("workspace",)
    search_fields = ("address", "workspace__name")
    autocomplete_fields = ("workspace",)
    date_hierarchy = "created_at"
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = actor(request)
        super().save_model(request, obj, form, change)
        self._record(request, obj, "suppression.change" if change else "suppression.add")

    def delete_model(self, request: HttpRequest, obj: Suppression) -> None:
        self._record(request, obj, "suppression.release")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for suppression in queryset:
            self.delete_model(request, suppression)

    @staticmethod
    def _record(request: HttpRequest, suppression: Suppression, action: str) -> None:
        audit.record(
            suppression.workspace_id,
            actor=actor(request),
            action=action,
            subject=f"suppression:{suppression.pk}",
            details={"reason": suppression.reason},
        )
