"""Hints to the workers: "look at the queue then". They carry nothing and may be lost: the sweeper
looks at the queue itself every few seconds."""

import logging
import math
import os
import threading
import time
from collections import deque
from datetime import datetime, timedelta

from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
# Later than this the sweeper finds it: a broker forgets, or repeats, what it is told to hold long.
LONGEST_WAIT = timedelta(minutes=10)
APART = 0.05  # seconds; what comes closer together is one hint
_MOST_WAITING = 10_000
_TASK = "outbound.tasks.attempt_due"


class _Giver:
    """One background thread per process, so that no request waits for a broker that is away."""

    def __init__(self) -> None:
        self._start = threading.Lock()
        self._given = threading.Event()
        self._waiting: deque[float] = deque(maxlen=_MOST_WAITING)  # time.time()
        self._told: set[float] = set()
        self._is_running = False
        self._broker_away = False

    def put(self, at: float) -> None:
        self._waiting.append(at)
        with self._start:
            if not self._is_running:
                threading.Thread(target=self._run, name="outbound-hints", daemon=True).start()
                self._is_running = True
        self._given.set()

    def _run(self) -> None:
        while self._given.wait():
            self._given.clear()
            for at in self._times():
                self._give(at)
            time.sleep(APART)

    def _times(self) -> list[float]:
        """When somebody should look, each time once; 0 is now. Not what was told before."""
        now = time.time()
        self._told = {at for at in self._told if at > now}
        times = set()
        while self._waiting:
            at = math.ceil(self._waiting.popleft() / APART) * APART
            times.add(at if at > now + APART else 0.0)
        return sorted(times - self._told)

    def _give(self, at: float) -> None:
        wait = at - time.time()
        try:
            if wait > 0:
                current_app.send_task(_TASK, countdown=wait, retry=False)
                self._told.add(at)
            else:
                current_app.send_task(_TASK, retry=False)
        except (OperationalError, OSError) as error:
            self._waiting.clear()  # Each would wait as long as this one did.
            if not self._broker_away:
                logger.warning("hints are dropped until the broker is back: %s", error)
            self._broker_away = True
        except Exception:
            logger.exception("no hint could be given")
        else:
            self._broker_away = False


_giver = _Giver()


def _start_over() -> None:
    """After a fork the thread is not there any more."""
    global _giver
    _giver = _Giver()


os.register_at_fork(after_in_child=_start_over)


def give(*, at: datetime) -> None:
    """Have workers look at the queue at `at`. Costs microseconds; never raises."""
    if at - timezone.now() <= LONGEST_WAIT:
        _giver.put(at.timestamp())
