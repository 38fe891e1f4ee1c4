from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "tracking"

    def ready(self) -> None:
        """Listen to what happens below: what comes back, what comes in, what was refused."""
        from inboxes import notices as of_messages
        from inboxes import recipients, returns
        from outbound import notices as of_deliveries
        from tracking import returning

        recipients.register_return_addresses(returning.ReturnPath())
        returns.register(returning.read_returned)
        of_messages.register(returning.message_stored)
        of_messages.register_arrivals(returning.messages_arrived)
        of_deliveries.register(returning.session_ended)
