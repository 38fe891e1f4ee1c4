"""The switches in the admin pages: adding one holds mail back, deleting it lets the mail leave."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import actor
from accounts.models import Workspace
from events.admin import RowAdmin, RowForm
from inboxes.models import Domain, Inbox
from outbound.models import Pause
from outbound.pause_models import NOBODY
from outbound.switching import Switch, pause, resume

_KINDS: dict[str, type[Workspace | Domain | Inbox]] = {
    Pause.Reach.WORKSPACE: Workspace,
    Pause.Reach.DOMAIN: Domain,
    Pause.Reach.INBOX: Inbox,
}


class PauseForm(RowForm):
    """What is to wait, and why."""

    class Meta:
        model = Pause
        fields = ("reach", "of", "extent", "reason")

    def clean(self) -> dict[str, Any]:
        """The id is of a thing of that kind; the installation has none."""
        taken = super().clean() or self.cleaned_data
        taken["of"] = taken.get("of") or NOBODY
        kind = _KINDS.get(taken.get("reach", ""))
        if kind is None and taken["of"] != NOBODY:
            self.add_error("of", "The installation has no id: leave it as it is.")
        if kind is not None and not kind._default_manager.filter(pk=taken["of"]).exists():
            self.add_error("of", f"There is no {kind.__name__.lower()} with this id.")
        return taken


@admin.register(Pause)
class PauseAdmin(RowAdmin):
    form = PauseForm
    list_display = ("__str__", "whose", "reason", "set_by", "set_at")
    list_filter = ("reach", "extent")
    show_full_result_count = False

    @admin.display(description="of")
    def whose(self, row: Pause) -> str:
        """The name of what is paused; the installation has none."""
        kind = _KINDS.get(row.reach)
        found = kind._default_manager.filter(pk=row.of).first() if kind else None
        return str(found) if found else "-"

    def has_change_permission(self, request: HttpRequest, obj: Pause | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Pause, form: Any, change: bool) -> None:
        row = pause(_switch(obj), reason=obj.reason, by=actor(request))
        obj.pk = row.pk

    def delete_model(self, request: HttpRequest, obj: Pause) -> None:
        resume(_switch(obj), by=actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for each in queryset:
            self.delete_model(request, each)


def _switch(row: Pause) -> Switch:
    return Switch(Pause.Reach(row.reach), row.of, Pause.Extent(row.extent))
