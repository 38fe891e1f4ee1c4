from django.apps import AppConfig


class MailagentConfig(AppConfig):
    name = "mailagent"

    def ready(self) -> None:
        import mailagent.celery  # whoever gives a task gives it to this broker
        import mailagent.checks  # noqa: F401 - registers the system checks
