"""Domains, inboxes and mail in the admin pages. Mail is history: it is read here, not changed."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from accounts.admin import actor
from events import audit
from events.admin import ReadOnlyAdmin, ReadOnlyInline, RowAdmin, RowForm, RowInline
from inboxes.addresses import fold_address, fold_domain, split_address
from inboxes.models import Address, Attachment, Domain, Inbox, Message, Thread
from inboxes.opening import open_inbox


class DomainForm(RowForm):
    def clean_name(self) -> str:
        return fold_domain(self.cleaned_data["name"])


@admin.register(Domain)
class DomainAdmin(RowAdmin):
    form = DomainForm
    list_display = ("name", "workspace", "status", "inbound_enabled", "outbound_enabled")
    list_filter = ("status", "inbound_enabled", "outbound_enabled")
    list_select_related = ("workspace",)
    search_fields = ("name", "workspace__name")
    autocomplete_fields = ("workspace",)
    readonly_fields = ("id", "created_at")
    date_hierarchy = "created_at"
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Domain | None = None) -> Any:
        """A domain's name and owner stay: addresses and keys hang on them."""
        return ("id", "created_at", "name", "workspace") if obj else ("id", "created_at")

    def has_delete_permission(self, request: HttpRequest, obj: Domain | None = None) -> bool:
        """Only while no inbox lives on it."""
        if obj is not None and obj.inboxes.exists():
            return False
        return super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        """One at a time: a deletion in bulk would go round the question above."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(self, request: HttpRequest, obj: Domain, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        audit.record(
            obj.workspace_id,
            actor=actor(request),
            action="domain.change" if change else "domain.add",
            subject=f"domain:{obj.pk}",
            details={"name": obj.name, "fields": form.changed_data},
        )


class AddressForm(RowForm):
    def clean_address(self) -> str:
        return fold_address(self.cleaned_data["address"])


class AddressInline(RowInline):
    model = Address
    form = AddressForm
    extra = 0


class InboxForm(RowForm):
    """Says in time what opening an inbox would refuse: an odd name, a name in use."""

    def clean(self) -> dict[str, Any]:
        taken = super().clean() or self.cleaned_data
        domain, username = taken.get("domain"), taken.get("username")
        if domain is None or not username:
            return taken
        if domain.workspace_id != getattr(taken.get("workspace"), "pk", None):
            self.add_error("domain", "This domain is another workspace's.")
        if not domain.is_held:
            self.add_error("domain", "This domain is not verified yet.")
        address = fold_address(f"{username}@{domain.name}")
        try:
            split_address(address)
        except ValueError as error:
            self.add_error("username", str(error))
        if Address.objects.filter(address=address).exists():
            self.add_error("username", f"{address} is taken.")
        return taken


@admin.register(Inbox)
class InboxAdmin(RowAdmin):
    form = InboxForm
    list_display = ("email", "display_name", "workspace", "status", "review_mode", "deleted_at")
    list_filter = ("status", "review_mode", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace",)
    search_fields = ("email", "display_name", "id", "addresses__address", "workspace__name")
    autocomplete_fields = ("workspace", "domain")
    date_hierarchy = "created_at"
    show_full_result_count = False
    inlines = (AddressInline,)
    opening = ("workspace", "domain", "username", "display_name", "review_mode")
    settled = ("id", "email", "workspace", "domain", "username", "created_at", "deleted_at")
    behaviour = (
        *("display_name", "status", "review_mode", "hold_seconds", "track_opens", "track_clicks"),
        *("first_contact_guard", "signature", "metadata"),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Inbox | None = None) -> bool:
        """Deleting is soft and reversible: the API's, not a click that takes all mail along."""
        return False

    def get_fields(self, request: HttpRequest, obj: Inbox | None = None) -> Any:
        return (*self.settled, *self.behaviour) if obj else self.opening

    def get_readonly_fields(self, request: HttpRequest, obj: Inbox | None = None) -> Any:
        return self.settled if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Inbox | None = None) -> Any:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: Inbox, form: Any, change: bool) -> None:
        """Open a new inbox by the usual door, and show its mail password this once."""
        if not change:
            self._open(request, obj)
            return
        super().save_model(request, obj, form, change)
        audit.record(
            obj.workspace_id,
            actor=actor(request),
            action="inbox.adjust",
            subject=f"inbox:{obj.pk}",
            details={"fields": form.changed_data},
        )

    def _open(self, request: HttpRequest, inbox: Inbox) -> None:
        opened = open_inbox(
            inbox.workspace,
            inbox.domain,
            inbox.username,
            by=actor(request),
            display_name=inbox.display_name,
            review_mode=Inbox.ReviewMode(inbox.review_mode),
        )
        inbox.pk, inbox.email = opened.inbox.pk, opened.inbox.email
        shown = f"The password for mail clients is {opened.password} - it is shown this once."
        messages.warning(request, shown)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The primary address is the one in From: the inbox is told when it changes."""
        super().save_related(request, form, formsets, change)
        inbox: Inbox = form.instance
        if not any(formset.has_changed() for formset in formsets):
            return
        primary = inbox.addresses.filter(is_primary=True).first()
        if primary is not None and primary.address != inbox.email:
            inbox.email = primary.address
            inbox.save(update_fields=["email", "updated_at"])
        addresses = sorted(inbox.addresses.values_list("address", flat=True))
        audit.record(
            inbox.workspace_id,
            actor=actor(request),
            action="inbox.addresses",
            subject=f"inbox:{inbox.pk}",
            details={"addresses": addresses, "primary": inbox.email},
        )


@admin.register(Thread)
class ThreadAdmin(ReadOnlyAdmin):
    list_display = ("subject", "inbox", "status", "category", "message_count", "last_message_at")
    list_filter = ("status", "drafts_only")
    list_select_related = ("inbox",)
    id_fields = ("pk",)
    text_fields = ("inbox__email",)
    search_help_text = "The id of a thread, or the address of an inbox."


class AttachmentInline(ReadOnlyInline):
    model = Attachment
    fields = ("filename", "content_type", "size", "inline", "part_path")


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("subject", "inbox", "direction", "status", "header_from", "created_at")
    list_filter = ("direction", "status", "is_automated")
    list_select_related = ("inbox",)
    id_fields = ("pk", "thread_id")
    text_fields = ("header_message_id", "header_from")
    search_help_text = "The id of a message or thread, a Message-ID, or the sender's address."
    exclude = ("search", "search_names")
    inlines = (AttachmentInline,)
