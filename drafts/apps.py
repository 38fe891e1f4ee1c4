from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "drafts"

    def ready(self) -> None:
        """Listen to what happens below: mail that comes in, mail that goes out."""
        from drafts import details, sending, superseding
        from events import frames
        from inboxes import notices as of_messages
        from outbound import notices as of_deliveries

        of_deliveries.register(sending.follow)
        of_messages.register(superseding.message_stored)
        of_messages.register_merge(superseding.threads_merged)
        of_messages.register_parting(superseding.thread_parted)
        frames.register_details("draft", details.draft_details)
