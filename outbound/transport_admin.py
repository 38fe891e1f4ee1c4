"""Domains' own ways out in the admin pages. Secrets are written there, and never read."""

from typing import Any

from cryptography.fernet import InvalidToken
from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from accounts.admin import actor
from events.admin import ReadOnlyAdmin, RowAdmin, RowForm
from outbound import configuring, ways_out
from outbound.esp_providers import PROVIDERS
from outbound.models import DomainTransport, StsPolicy

_NAMES = {
    ways_out.DIRECT: "Directly to the recipients' servers",
    ways_out.SMARTHOST: "Smarthost (SMTP)",
    **{kind: provider.name for kind, provider in PROVIDERS.items()},
}
_NEEDS = "; ".join(
    f"{provider.name}: {', '.join(provider.settings)}" for provider in PROVIDERS.values()
)
_HELP = (
    "One `name = value` a line. What is left out stays as it is. A smarthost takes "
    f"url = smtps://user:password@host:port. {_NEEDS}."
)


class DomainTransportForm(RowForm):
    """Tries the settings out before they are kept."""

    kind = forms.ChoiceField(choices=list(_NAMES.items()))
    new_settings = forms.CharField(
        required=False,
        label="Settings",
        help_text=_HELP,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = DomainTransport
        fields = ("domain", "kind", "is_active")

    def clean_new_settings(self) -> dict[str, str]:
        given = {}
        for line in self.cleaned_data["new_settings"].splitlines():
            name, sign, value = (part.strip() for part in line.partition("="))
            if name and not sign:
                raise forms.ValidationError("A line is no `name = value`.")
            if name:
                given[name] = value
        return given

    def clean(self) -> dict[str, Any]:
        taken = super().clean() or self.cleaned_data
        domain, given = taken.get("domain"), taken.get("new_settings")
        if domain is None or given is None or "kind" not in taken:
            return taken
        try:
            kept = self._kept() if self.instance.kind == taken["kind"] else {}
            ways_out.build(taken["kind"], {**kept, **given}, domain.pk)
        except (ValueError, InvalidToken) as error:
            words = str(error) or "The settings were sealed under another key; give all of them."
            self.add_error("new_settings", words)
        return taken

    def _kept(self) -> dict[str, str]:
        sealed = self.instance.sealed_settings
        return ways_out.of_the_way(ways_out.opened(self.instance)) if sealed else {}


@admin.register(DomainTransport)
class DomainTransportAdmin(RowAdmin):
    form = DomainTransportForm
    list_display = ("domain", "kind", "is_active", "updated_at")
    list_filter = ("kind", "is_active")
    list_select_related = ("domain",)
    search_fields = ("domain__name",)
    autocomplete_fields = ("domain",)
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: DomainTransport | None = None) -> Any:
        return ("domain", "configured", "webhooks") if obj else ()

    def get_fields(self, request: HttpRequest, obj: DomainTransport | None = None) -> Any:
        fields = ("domain", "kind", "is_active", "new_settings")
        return (*fields, "configured", "webhooks") if obj else fields

    @admin.display(description="Configured")
    def configured(self, transport: DomainTransport) -> str:
        try:
            rows = configuring.shown(transport)
        except InvalidToken:
            return "Sealed under another key."
        return format_html_join("", "{} = {}<br>", rows) or "nothing"

    @admin.display(description="The provider reports to")
    def webhooks(self, transport: DomainTransport) -> str:
        try:
            urls = configuring.webhook_urls(transport)
        except InvalidToken:
            return "Sealed under another key."
        listed = format_html_join("", "<code>{}</code><br>", ((url,) for url in urls))
        return format_html("{}Keep these to yourself: they hold a secret.", listed)

    def save_model(
        self, request: HttpRequest, obj: DomainTransport, form: Any, change: bool
    ) -> None:
        saved = configuring.configure(
            obj.domain,
            form.cleaned_data["kind"],
            form.cleaned_data["new_settings"],
            is_active=form.cleaned_data["is_active"],
            by=actor(request),
        )
        obj.pk, obj.sealed_settings = saved.pk, saved.sealed_settings

    def delete_model(self, request: HttpRequest, obj: DomainTransport) -> None:
        configuring.remove(obj, by=actor(request))


@admin.register(StsPolicy)
class StsPolicyAdmin(ReadOnlyAdmin):
    list_display = ("domain", "mode", "policy_id", "expires_at")
    list_filter = ("mode",)
    text_fields = ("domain",)
