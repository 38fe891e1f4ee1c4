"""Routes of the dashboard."""

from django.urls import URLPattern, path

from drafts.pages import conversations, deciding, desk, frames, junk, outbox, paused, queue

urlpatterns: list[URLPattern] = [
    path("", queue.queue, name="queue"),
    path("queue/rows", queue.rows, name="queue-rows"),
    path("queue/rows/<uuid:draft_id>", queue.row, name="queue-row"),
    path("queue/shown", queue.shown, name="queue-shown"),
    path("queue/news", queue.news, name="queue-news"),
    path("queue/held", queue.held, name="queue-held"),
    path("queue/count", queue.count, name="queue-count"),
    path("drafts/<uuid:draft_id>", desk.desk, name="draft"),
    path("drafts/<uuid:draft_id>/state", desk.state, name="draft-state"),
    path("drafts/<uuid:draft_id>/viewers", desk.viewers, name="draft-viewers"),
    path("drafts/<uuid:draft_id>/talk", desk.talk, name="draft-talk"),
    path("drafts/<uuid:draft_id>/difference", desk.difference, name="draft-difference"),
    path("drafts/<uuid:draft_id>/body", frames.draft_body, name="draft-body"),
    path("drafts/<uuid:draft_id>/files/<uuid:file_id>", frames.draft_file, name="draft-file"),
    path("drafts/<uuid:draft_id>/edit", deciding.edit, name="draft-edit"),
    path("drafts/<uuid:draft_id>/lease", deciding.lease, name="draft-lease"),
    path("drafts/<uuid:draft_id>/approve", deciding.approve, name="draft-approve"),
    path("drafts/<uuid:draft_id>/reject", deciding.reject, name="draft-reject"),
    path("drafts/<uuid:draft_id>/no-reply", deciding.no_reply, name="draft-no-reply"),
    path(
        "drafts/<uuid:draft_id>/request-changes",
        deciding.request_changes,
        name="draft-request-changes",
    ),
    path("drafts/<uuid:draft_id>/undo", deciding.undo, name="draft-undo"),
    path("outbox", outbox.outbox, name="outbox"),
    path("outbox/<int:delivery_id>/answer", outbox.answer_uncertain, name="outbox-answer"),
    path("conversations", conversations.conversations, name="conversations"),
    path("conversations/<uuid:thread_id>", conversations.conversation, name="conversation"),
    path("messages/<uuid:message_id>", conversations.message, name="message"),
    path("messages/<uuid:message_id>/body", frames.body, name="message-body"),
    path(
        "messages/<uuid:message_id>/attachments/<uuid:attachment_id>",
        frames.attachment,
        name="message-attachment",
    ),
    path("messages/<uuid:message_id>/junk", junk.move, name="message-junk"),
    path("junk", junk.junk, name="junk"),
    path("pauses", paused.pauses, name="pauses"),
    path("dev/outbox", outbox.dev_outbox, name="dev-outbox"),
    path("dev/outbox/<uuid:message_id>", outbox.dev_outbox_raw, name="dev-outbox-raw"),
]
