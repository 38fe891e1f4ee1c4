"""The Celery application: an alarm clock. What is to be done stands in PostgreSQL."""

import os
import threading
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_ready, worker_shutdown, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailagent.settings")
# Celery runs Django's checks, which import every page, and then ignores what they say.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("mailagent")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["events", "inboxes", "outbound", "tracking", "drafts"])
# How late a task may be that is due while the worker's clock sleeps for another one, in seconds:
# the end of one hold among others. As often the clock looks up while something is held.
app.conf.worker_timer_precision = 0.05
GRACE = 28.0  # seconds from SIGTERM in which servers may still answer


@worker_init.connect
def begin(**kwargs: Any) -> None:
    from outbound import stopping  # Only now: Django is set up.

    stopping.forget()


@worker_ready.connect
def carry_webhooks(**kwargs: Any) -> None:
    from events.webhooks import courier

    courier.begin()


@worker_shutting_down.connect
def wind_down(**kwargs: Any) -> None:
    """Begin nothing more; give what was handed over the time to be answered, and no longer."""
    from events.webhooks import courier
    from outbound import stopping

    stopping.ask()
    courier.end()
    last = threading.Timer(GRACE, os._exit, (1,))
    last.daemon = True
    last.start()


@worker_shutdown.connect
def wait_for_answers(**kwargs: Any) -> None:
    """What was handed over is put on record before the process ends."""
    from outbound import senders

    senders.wait(GRACE)
