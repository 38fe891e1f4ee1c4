from django.apps import AppConfig


class InboxesConfig(AppConfig):
    name = "inboxes"

    def ready(self) -> None:
        # Only now: models can be imported.
        from events.frames import register_details
        from inboxes.details import inbox_details, message_details

        register_details("message", message_details)
        register_details("inbox", inbox_details)
