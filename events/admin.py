"""The event log and the audit record in the admin pages: to be read, never changed."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import ModelAdmin, TabularInline
from django.core.paginator import Paginator
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.functional import cached_property

from events.models import AuditEntry, Event, Webhook, WebhookAttempt, WebhookDelivery
from events.wire import count

if TYPE_CHECKING:  # generic for the type checker alone
    RowAdmin = ModelAdmin[Any]
    RowInline = TabularInline[Any, Any]
    RowForm = ModelForm[Any]
    RowPaginator = Paginator[Any]
else:
    RowAdmin, RowInline, RowForm, RowPaginator = ModelAdmin, TabularInline, ModelForm, Paginator


class EstimatingPaginator(RowPaginator):
    """Does not count millions of rows to say how many pages there are."""

    @cached_property
    def count(self) -> int:
        return count(self.object_list)  # type: ignore[arg-type]


class ReadOnlyAdmin(RowAdmin):
    """What is history: searched and read, by nobody added, changed or deleted."""

    # What the search box looks up, whole: a partial match would read every row there is.
    id_fields: tuple[str, ...] = ()
    text_fields: tuple[str, ...] = ()
    paginator = EstimatingPaginator
    show_full_result_count = False
    list_per_page = 50
    actions = None
    ordering = ("-pk",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.id_fields, *self.text_fields)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Rows that have the term, whole, as one of their ids or texts."""
        term: Any = search_term.strip()
        if not term:
            return queryset, False
        names = self.text_fields
        with suppress(ValueError):
            term, names = UUID(term), self.id_fields
        found = models.Q(pk__in=[])
        for name in names:
            found |= models.Q(**{name: term})
        return queryset.filter(found), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadOnlyInline(RowInline):
    """Rows of history below what they belong to."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("id", "type", "inbox_id", "message_id", "draft_id", "created_at")
    list_filter = ("type",)
    id_fields = ("event_id", "workspace_id", "inbox_id", "message_id", "draft_id")
    search_help_text = "The id of an event, workspace, inbox, message or draft."


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("id", "workspace_id", "sequence", "at", "actor", "action", "subject")
    id_fields = ("workspace_id",)
    text_fields = ("actor", "action", "subject")
    search_help_text = "A workspace's id, who acted (user:7), what was done (key.revoke), on what."
    fields: ClassVar = ("workspace_id", "sequence", "at", "actor", "action", "subject", "details")


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Made and changed over the API, whose checks these pages do not have."""

    list_display = ("id", "url", "workspace_id", "inbox_id", "is_active", "failing_since")
    list_filter = ("is_active",)
    id_fields = ("pk", "workspace_id", "inbox_id")
    search_help_text = "The id of a webhook, workspace or inbox."
    ordering = ("-created_at",)
    exclude = ("sealed_secret", "sealed_previous_secret")


class WebhookAttempts(ReadOnlyInline):
    model = WebhookAttempt
    show_change_link = False
    fields = ("started_at", "milliseconds", "status_code", "error", "response_body")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("id", "event_type", "webhook_id", "status", "attempts", "next_attempt_at")
    list_filter = ("status",)
    id_fields = ("delivery_id", "event_id", "webhook_id")
    search_help_text = "The id of a delivery, an event or a webhook."
    inlines: ClassVar = [WebhookAttempts]
