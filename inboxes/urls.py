"""Routes of `inboxes`: `api` stands under /v1/, `pages` at the root."""

from django.urls import URLPattern, path

from inboxes.api.addresses import Addresses, OneAddress
from inboxes.api.inboxes import Inboxes, InboxPassword, OneInbox, RestoreInbox
from inboxes.api.keys import InboxKey, InboxKeys, RotateInboxKey
from inboxes.api.lists import Entries, Lists, OneEntry, OneList
from inboxes.api.messages import Messages, OneMessage
from inboxes.api.octets import AttachmentOctets, Attachments, RawMessage
from inboxes.api.threads import MergeThreads, OneThread, SplitThread, Threads

_INBOX = "inboxes/<str:inbox_id>"  # the UUID, or an address
_MESSAGE = f"{_INBOX}/messages/<uuid:message_id>"
_LIST = f"{_INBOX}/lists/<uuid:list_id>"
_KEY = f"{_INBOX}/keys/<uuid:key_id>"

api: list[URLPattern] = [
    path("inboxes", Inboxes.as_view(), name="api-inboxes"),
    path(_INBOX, OneInbox.as_view(), name="api-inbox"),
    path(f"{_INBOX}/restore", RestoreInbox.as_view(), name="api-restore-inbox"),
    path(f"{_INBOX}/password", InboxPassword.as_view(), name="api-inbox-password"),
    path(f"{_INBOX}/addresses", Addresses.as_view(), name="api-addresses"),
    path(f"{_INBOX}/addresses/<str:address>", OneAddress.as_view(), name="api-address"),
    path(f"{_INBOX}/keys", InboxKeys.as_view(), name="api-inbox-keys"),
    path(_KEY, InboxKey.as_view(), name="api-inbox-key"),
    path(f"{_KEY}/rotate", RotateInboxKey.as_view(), name="api-inbox-key-rotate"),
    path(f"{_INBOX}/lists", Lists.as_view(), name="api-lists"),
    path(_LIST, OneList.as_view(), name="api-list"),
    path(f"{_LIST}/entries", Entries.as_view(), name="api-list-entries"),
    path(f"{_LIST}/entries/<str:address>", OneEntry.as_view(), name="api-list-entry"),
    path(f"{_INBOX}/messages", Messages.as_view(), name="api-messages"),
    path(_MESSAGE, OneMessage.as_view(), name="api-message"),
    path(f"{_MESSAGE}/raw", RawMessage.as_view(), name="api-raw-message"),
    path(f"{_MESSAGE}/attachments", Attachments.as_view(), name="api-attachments"),
    path(
        f"{_MESSAGE}/attachments/<uuid:attachment_id>",
        AttachmentOctets.as_view(),
        name="api-attachment",
    ),
    path(f"{_INBOX}/threads", Threads.as_view(), name="api-threads"),
    path(f"{_INBOX}/threads/<uuid:thread_id>", OneThread.as_view(), name="api-thread"),
    path(f"{_INBOX}/threads/<uuid:thread_id>/merge", MergeThreads.as_view()),
    path(f"{_INBOX}/threads/<uuid:thread_id>/split", SplitThread.as_view()),
]
pages: list[URLPattern] = []
