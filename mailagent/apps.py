from django.apps import AppConfig


class MailagentConfig(AppConfig):
    name = "mailagent"

    def ready(self) -> None:
        import mailagent.checks  # noqa: F401 - registers the system checks
