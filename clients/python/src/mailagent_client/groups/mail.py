"""Messages, threads and drafts."""

from collections.abc import Sequence
from typing import Any, Unpack

from mailagent_client import fields, results
from mailagent_client.calls import (
    Call,
    Group,
    Listing,
    TransportT,
    call,
    delete,
    get,
    listing,
    octets,
    pages,
    patch,
    post,
)

_INBOX = "inboxes/{}"
_MESSAGE = "inboxes/{}/messages/{}"
_THREAD = "inboxes/{}/threads/{}"
_DRAFT = "inboxes/{}/drafts/{}"


def _upload(content: bytes, filename: str, content_type: str) -> dict[str, Any]:
    return {"file": (filename, content, content_type)}


class Messages(Group[TransportT]):
    """Mail received and sent."""

    @listing
    def list(
        self, inbox_id: str, **filters: Unpack[fields.MessageFilter]
    ) -> Listing[results.MessageItem]:
        """Newest first, without bodies."""
        return pages("messages", f"{_INBOX}/messages", inbox_id, params=filters)

    @call
    def get(
        self, inbox_id: str, message_id: str, *, mark_read: bool = True
    ) -> Call[results.Message]:
        """With bodies; marks it read unless told not to."""
        return get(_MESSAGE, inbox_id, message_id, params={"mark_read": mark_read})

    @call
    def update(
        self, inbox_id: str, message_id: str, **changed: Unpack[fields.MessagePatch]
    ) -> Call[results.Message]:
        return patch(_MESSAGE, inbox_id, message_id, fields=changed)

    @call
    def delete(self, inbox_id: str, message_id: str) -> Call[None]:
        """To the trash; the thread keeps its history."""
        return delete(_MESSAGE, inbox_id, message_id)

    @call
    def raw(self, inbox_id: str, message_id: str) -> Call[bytes]:
        """The octets exactly as received or sent."""
        return octets(f"{_MESSAGE}/raw", inbox_id, message_id)

    @listing
    def attachments(
        self, inbox_id: str, message_id: str, **paging: Unpack[fields.Paging]
    ) -> Listing[results.Attachment]:
        """What is attached, without its octets."""
        route = f"{_MESSAGE}/attachments"
        return pages("attachments", route, inbox_id, message_id, params=paging)

    @call
    def attachment(self, inbox_id: str, message_id: str, attachment_id: str) -> Call[bytes]:
        return octets(f"{_MESSAGE}/attachments/{{}}", inbox_id, message_id, attachment_id)

    @call
    def thread_list(self, inbox_id: str, thread_id: str) -> Call[results.Thread]:
        """The whole conversation, oldest message first."""
        return get(_THREAD, inbox_id, thread_id)

    @call
    def send(self, inbox_id: str, **mail: Unpack[fields.Mail]) -> Call[results.Outcome]:
        """`status` is `pending_review` where review holds it."""
        return post(f"{_INBOX}/send", inbox_id, fields=mail)

    @call
    def reply(
        self, inbox_id: str, message_id: str, **mail: Unpack[fields.Mail]
    ) -> Call[results.Outcome]:
        """Recipients and subject are filled in."""
        return post(f"{_MESSAGE}/reply", inbox_id, message_id, fields=mail)

    @call
    def reply_all(
        self, inbox_id: str, message_id: str, **mail: Unpack[fields.Mail]
    ) -> Call[results.Outcome]:
        return post(f"{_MESSAGE}/reply-all", inbox_id, message_id, fields=mail)

    @call
    def forward(
        self, inbox_id: str, message_id: str, **mail: Unpack[fields.Mail]
    ) -> Call[results.Outcome]:
        """A new thread, with the attachments."""
        return post(f"{_MESSAGE}/forward", inbox_id, message_id, fields=mail)


class Threads(Group[TransportT]):
    """Conversations."""

    @listing
    def list(
        self, inbox_id: str, **filters: Unpack[fields.ThreadFilter]
    ) -> Listing[results.ThreadItem]:
        """Newest activity first."""
        return pages("threads", f"{_INBOX}/threads", inbox_id, params=filters)

    @call
    def get(self, inbox_id: str, thread_id: str) -> Call[results.Thread]:
        """The whole conversation, oldest message first."""
        return get(_THREAD, inbox_id, thread_id)

    @call
    def update(
        self, inbox_id: str, thread_id: str, **changed: Unpack[fields.ThreadPatch]
    ) -> Call[results.ThreadItem]:
        return patch(_THREAD, inbox_id, thread_id, fields=changed)

    @call
    def merge(
        self,
        inbox_id: str,
        thread_id: str,
        thread_ids: Sequence[str],
        **step: Unpack[fields.Creating],
    ) -> Call[results.ThreadItem]:
        """What is in `thread_ids` moves into this one."""
        given = {"thread_ids": thread_ids, **step}
        return post(f"{_THREAD}/merge", inbox_id, thread_id, fields=given)

    @call
    def split(
        self, inbox_id: str, thread_id: str, **where: Unpack[fields.Split]
    ) -> Call[results.ThreadItem]:
        """`from_message_id`: that message and what follows it become a thread of their own.
        `thread_id_`: undo a merge, that thread gets back what it had. One of the two."""
        return post(f"{_THREAD}/split", inbox_id, thread_id, fields=where)


class Drafts(Group[TransportT]):
    """What an agent proposes."""

    @listing
    def list(self, inbox_id: str, **filters: Unpack[fields.DraftFilter]) -> Listing[results.Draft]:
        """Those that are open, unless `status` is given."""
        return pages("drafts", f"{_INBOX}/drafts", inbox_id, params=filters)

    @listing
    def list_all(self, **filters: Unpack[fields.DraftFilter]) -> Listing[results.Draft]:
        """Of every inbox that the key reaches."""
        return pages("drafts", "drafts", params=filters)

    @call
    def create(self, inbox_id: str, **draft: Unpack[fields.NewDraft]) -> Call[results.Draft]:
        """It waits for review, unless `submit` is False."""
        return post(f"{_INBOX}/drafts", inbox_id, fields=draft)

    @call
    def get(self, inbox_id: str, draft_id: str) -> Call[results.Draft]:
        return get(_DRAFT, inbox_id, draft_id)

    @call
    def find(self, draft_id: str) -> Call[results.Draft]:
        """In whichever inbox."""
        return get("drafts/{}", draft_id)

    @call
    def update(
        self, inbox_id: str, draft_id: str, **changed: Unpack[fields.DraftPatch]
    ) -> Call[results.Draft]:
        """A new revision. With `if_match`, Conflict when somebody was first."""
        return patch(_DRAFT, inbox_id, draft_id, fields=changed)

    @call
    def delete(self, inbox_id: str, draft_id: str, **step: Unpack[fields.IfMatch]) -> Call[None]:
        return delete(_DRAFT, inbox_id, draft_id, fields=step)

    @call
    def submit(
        self, inbox_id: str, draft_id: str, **step: Unpack[fields.DraftStep]
    ) -> Call[results.Draft]:
        """From composing to waiting for review."""
        return post(f"{_DRAFT}/submit", inbox_id, draft_id, fields=step)

    @call
    def withdraw(
        self, inbox_id: str, draft_id: str, **step: Unpack[fields.DraftStep]
    ) -> Call[results.Draft]:
        return post(f"{_DRAFT}/withdraw", inbox_id, draft_id, fields=step)

    @call
    def send(
        self, inbox_id: str, draft_id: str, **asking: Unpack[fields.Asking]
    ) -> Call[results.Outcome]:
        """Ask for it to leave. `status` is `pending_review` where review holds it."""
        return post(f"{_DRAFT}/send", inbox_id, draft_id, fields=asking)

    @call
    def attach(
        self,
        inbox_id: str,
        draft_id: str,
        content: bytes,
        filename: str,
        *,
        content_type: str = "application/octet-stream",
        **step: Unpack[fields.NewFileOfDraft],
    ) -> Call[results.Draft]:
        """Add a file; 25 MB in all."""
        files = _upload(content, filename, content_type)
        return post(f"{_DRAFT}/attachments", inbox_id, draft_id, fields=step, files=files)

    @call
    def detach(
        self, inbox_id: str, draft_id: str, file_id: str, **step: Unpack[fields.IfMatch]
    ) -> Call[None]:
        route = f"{_DRAFT}/attachments/{{}}"
        return delete(route, inbox_id, draft_id, file_id, fields=step)

    @listing
    def revisions(
        self, inbox_id: str, draft_id: str, **paging: Unpack[fields.Paging]
    ) -> Listing[results.Revision]:
        """Who wrote what."""
        return pages("revisions", f"{_DRAFT}/revisions", inbox_id, draft_id, params=paging)

    @listing
    def decisions(
        self, inbox_id: str, draft_id: str, **paging: Unpack[fields.Paging]
    ) -> Listing[results.Decision]:
        """Who decided what, with the diff."""
        return pages("decisions", f"{_DRAFT}/decisions", inbox_id, draft_id, params=paging)
