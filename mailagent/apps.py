from django.apps import AppConfig


class MailagentConfig(AppConfig):
    name = "mailagent"
