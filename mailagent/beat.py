"""The Celery application of beat alone: it needs the schedule and the broker, and no Django.

Half the memory, and a quicker start, than beat under `mailagent.celery`.
"""

import os

from celery import Celery

os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # else Celery would set Django up

app = Celery("mailagent")
app.config_from_object("mailagent.settings", namespace="CELERY")
