"""Users, workspaces, members and keys in the admin pages."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Member, User, Workspace
from events import audit
from events.admin import RowAdmin, RowForm, RowInline


def actor(request: HttpRequest) -> str:
    """How the record names who is signed in to the admin pages."""
    return f"user:{request.user.pk}"


def folded_email(form: Any) -> str:
    """A form's email address, lower case as everywhere."""
    return str(form.cleaned_data["email"]).strip().lower()


class PersonCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name")

    clean_email = folded_email


class PersonChangeForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name", "is_active", "is_staff", "is_superuser")

    clean_email = folded_email


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """People sign in by email address; there is no other name to fill in."""

    form = PersonChangeForm
    add_form = PersonCreationForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "memberships__role")
    search_fields = ("email", "name")
    ordering = ("email",)
    show_full_result_count = False
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )


class MemberInline(RowInline):
    model = Member
    fields = ("user", "role", "inbox_ids")
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Workspace)
class WorkspaceAdmin(RowAdmin):
    list_display = ("name", "automatic_sending", "created_at")
    list_filter = ("automatic_sending",)
    search_fields = ("name", "id")
    readonly_fields = ("id", "created_at")
    date_hierarchy = "created_at"
    show_full_result_count = False
    inlines = (MemberInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        """A workspace holds the record of what was decided; it is not deleted by a click."""
        return False

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        audit.record(
            obj.pk,
            actor=actor(request),
            action="workspace.change" if change else "workspace.open",
            subject=f"workspace:{obj.pk}",
            details={"fields": form.changed_data},
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Members come and go on record."""
        super().save_formset(request, form, formset, change)
        changed = [member for member, _ in formset.changed_objects]
        acts = [
            *(("member.add", member) for member in formset.new_objects),
            *(("member.change", member) for member in changed),
            *(("member.remove", member) for member in formset.deleted_objects),
        ]
        for action, member in acts:
            audit.record(
                member.workspace_id,
                actor=actor(request),
                action=action,
                subject=f"user:{member.user_id}",
                details={"role": member.role, "inbox_ids": member.inbox_ids},
            )


class KeyForm(RowForm):
    """A new key: what it may do, as boxes to tick."""

    permissions = forms.MultipleChoiceField(
        choices=ApiKey.Permission.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiKey
        fields = ("kind", "workspace", "inbox_id", "name", "permissions", "expires_at")

    def clean(self) -> dict[str, Any]:
        """What it reaches must fit its kind, as the database demands."""
        taken = super().clean() or self.cleaned_data
        kind, workspace = taken.get("kind"), taken.get("workspace")
        inbox_id = taken.get("inbox_id")
        if kind == ApiKey.Kind.INSTALLATION and (workspace or inbox_id):
            self.add_error("kind", "A tk key reaches every workspace: name none, and no inbox.")
        if kind == ApiKey.Kind.WORKSPACE and (not workspace or inbox_id):
            self.add_error("kind", "A wk key needs a workspace, and names no inbox.")
        if kind == ApiKey.Kind.INBOX and not (workspace and inbox_id):
            self.add_error("kind", "An ak key needs its workspace and its inbox.")
        elif inbox_id and workspace and not workspace.inboxes.filter(pk=inbox_id).exists():
            self.add_error("inbox_id", "This workspace has no such inbox.")
        return taken


@admin.register(ApiKey)
class KeyAdmin(RowAdmin):
    """Keys are made, shown once, and revoked; never changed and never deleted."""

    form = KeyForm
    list_display = ("name", "hint", "kind", "workspace", "permissions", "state", "last_used_at")
    list_filter = ("kind", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace",)
    search_fields = ("name", "hint", "id", "inbox_id", "workspace__name")
    autocomplete_fields = ("workspace",)
    date_hierarchy = "created_at"
    show_full_result_count = False
    actions = ("revoke",)
    told: ClassVar = (
        *("id", "name", "hint", "kind", "workspace", "inbox_id", "permissions"),
        *("created_by", "created_at", "expires_at", "revoked_at", "last_used_at"),
    )

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.told if obj else KeyForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.told if obj else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Issue the key and show it, this once."""
        if change:
            return
        made, shown = keys.issue(
            ApiKey.Kind(obj.kind),
            workspace=obj.workspace,
            inbox_id=obj.inbox_id,
            name=obj.name,
            permissions=obj.permissions,
            created_by=actor(request),
            expires_at=obj.expires_at,
        )
        obj.pk, obj.hint = made.pk, made.hint
        messages.warning(request, f"The key is {shown} - it is shown this once.")

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return "revoked"
        return "expired" if key.expires_at and key.expires_at <= timezone.now() else "live"

    @admin.action(description="Revoke the chosen keys at once", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        with transaction.atomic():
            for key in queryset:
                keys.revoke(key, by=actor(request))
        messages.success(request, "Revoked: these keys open nothing any more.")
