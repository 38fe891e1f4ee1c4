"""Routes under /v1/ of drafts, and of mail that is to leave."""

from django.urls import URLPattern, path

from drafts.api import drafts, files, history, mail

_INBOX = "inboxes/<str:inbox_id>"
_DRAFT = f"{_INBOX}/drafts/<uuid:draft_id>"
_MESSAGE = f"{_INBOX}/messages/<uuid:message_id>"


urlpatterns: list[URLPattern] = [
    path("drafts", drafts.AllDrafts.as_view()),
    path("drafts/<uuid:draft_id>", drafts.AnyDraft.as_view()),
    path(f"{_INBOX}/drafts", drafts.InboxDrafts.as_view()),
    path(_DRAFT, drafts.OneDraft.as_view()),
    path(f"{_DRAFT}/submit", drafts.SubmitDraft.as_view()),
    path(f"{_DRAFT}/withdraw", drafts.WithdrawDraft.as_view()),
    path(f"{_DRAFT}/send", mail.SendDraft.as_view()),
    path(f"{_DRAFT}/attachments", files.DraftFiles.as_view()),
    path(f"{_DRAFT}/attachments/<uuid:file_id>", files.OneFile.as_view()),
    path(f"{_DRAFT}/revisions", history.Revisions.as_view()),
    path(f"{_DRAFT}/decisions", history.Decisions.as_view()),
    path(f"{_INBOX}/send", mail.Send.as_view()),
    path(f"{_INBOX}/reply/<uuid:message_id>", mail.Reply.as_view()),
    path(f"{_INBOX}/reply-all/<uuid:message_id>", mail.ReplyAll.as_view()),
    path(f"{_INBOX}/forward/<uuid:message_id>", mail.Forward.as_view()),
    path(f"{_MESSAGE}/forward", mail.ForwardMessage.as_view()),
    path(f"{_MESSAGE}/reply", mail.ReplyToMessage.as_view()),
    path(f"{_MESSAGE}/reply-all", mail.ReplyAllToMessage.as_view()),
]
