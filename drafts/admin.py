"""Drafts, revisions and decisions in the admin pages: the record, to be read."""

from django.contrib import admin

from drafts.models import Decision, Draft, DraftRevision
from events.admin import ReadOnlyAdmin, ReadOnlyInline


class RevisionInline(ReadOnlyInline):
    model = DraftRevision
    fk_name = "draft"
    fields = ("sequence", "author", "subject", "plain_body", "content_hash", "created_at")


class DecisionInline(ReadOnlyInline):
    model = Decision
    fields = ("kind", "decided_by", "policy_version", "reasons", "words", "created_at")


@admin.register(Draft)
class DraftAdmin(ReadOnlyAdmin):
    list_display = ("id", "inbox", "status", "category", "confidence", "decided_by", "created_at")
    list_filter = ("status", "stale", "edited_by_person")
    list_select_related = ("inbox",)
    id_fields = ("pk", "thread_id")
    text_fields = ("inbox__email", "created_by", "decided_by")
    search_help_text = "The id of a draft or thread, an inbox's address, or who made or decided it."
    exclude = ("prompt",)
    inlines = (RevisionInline, DecisionInline)


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "draft_id", "decided_by", "policy_version", "created_at")
    list_filter = ("kind",)
    id_fields = ("draft_id",)
    text_fields = ("decided_by",)
    search_help_text = "The id of a draft, or who decided (user:7)."
