"""Hints to the workers: "look at this message then". They carry nothing and may be lost: the
sweeper looks at the queue itself every few seconds."""

import logging
import os
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from kombu.exceptions import OperationalError

from outbound import tasks

logger = logging.getLogger(__name__)
# Later than this the sweeper finds it: a broker forgets, or repeats, what it is told to hold long.
LONGEST_WAIT = timedelta(minutes=10)
_MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class _Hint:
    message_id: UUID
    rcpt_domain: str
    at: datetime

    def give(self) -> None:
        arguments = (str(self.message_id), self.rcpt_domain)
        wait = (self.at - timezone.now()).total_seconds()
        if wait > 0:
            tasks.attempt_deliveries.apply_async(arguments, countdown=wait, retry=False)
        else:
            tasks.attempt_deliveries.apply_async(arguments, retry=False)


class _Giver:
    """One background thread per process, so that no request waits for a broker that is away."""

    def __init__(self) -> None:
        self._start = threading.Lock()
        self._given = threading.Event()
        self._waiting: deque[_Hint] = deque(maxlen=_MOST_WAITING)
        self._is_running = False
        self._broker_away = False

    def put(self, hints: Iterable[_Hint]) -> None:
        self._waiting.extend(hints)
        with self._start:
            if not self._is_running:
                threading.Thread(target=self._run, name="outbound-hints", daemon=True).start()
                self._is_running = True
        self._given.set()

    def _run(self) -> None:
        while self._given.wait():
            self._given.clear()
            while self._waiting:
                self._give(self._waiting.popleft())

    def _give(self, hint: _Hint) -> None:
        try:
            hint.give()
        except (OperationalError, OSError) as error:
            self._waiting.clear()  # Each would wait as long as this one did.
            if not self._broker_away:
                logger.warning("hints are dropped until the broker is back: %s", error)
            self._broker_away = True
        except Exception:
            logger.exception("no hint for message %s", hint.message_id)
        else:
            self._broker_away = False


_giver = _Giver()


def _start_over() -> None:
    """After a fork the thread is not there any more."""
    global _giver
    _giver = _Giver()


os.register_at_fork(after_in_child=_start_over)


def give(message_id: UUID, rcpt_domains: Iterable[str], *, at: datetime) -> None:
    """Have workers look at these deliveries at `at`. Costs microseconds; never raises."""
    if at - timezone.now() <= LONGEST_WAIT:
        _giver.put(_Hint(message_id, domain, at) for domain in rcpt_domains)
