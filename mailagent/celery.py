"""The Celery application: an alarm clock. What is to be done stands in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")

app = Celery("mailagent")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["events", "inboxes", "outbound", "drafts"])
