"""The threads of a worker that send. Celery wakes them; a server that takes minutes holds up one of
them, and neither Celery's threads nor the other mail.

What people approved and what policies sent go by different lanes: a thousand automatic messages
do not stand in the way of one reply.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from django.db import DatabaseError, close_old_connections, connection

from outbound import attempts, claims, stopping, supplies
from outbound.claims import Claim

logger = logging.getLogger(__name__)
AT_ONCE = 32  # messages claimed in one transaction
QUICK = 6  # threads of a lane that are under way, beside those that wait for a slow server
MOST = 10  # threads of a lane; each holds a connection to the database
SLOW_AFTER = 2.0  # seconds


class Lane:
    """Threads that claim and attempt until nothing is due. Each claim is one thread's."""

    def __init__(self, claim_many: Callable[[int], list[Claim]], name: str) -> None:
        self._claim_many = claim_many
        self._name = name
        self._change = threading.Condition()
        self._stock: deque[Claim] = deque()
        self._claiming = threading.Lock()
        self._since: dict[threading.Thread, float] = {}
        self._woken = 0

    def wake(self) -> None:
        """Have a thread look at what is due. Returns at once."""
        with self._change:
            self._woken += 1
            self._start_thread()

    def _start_thread(self) -> None:
        slow_since = time.monotonic() - SLOW_AFTER
        quick = sum(since > slow_since for since in self._since.values())
        if quick >= QUICK or len(self._since) >= MOST or stopping.is_asked():
            return
        thread = threading.Thread(target=self._run, name=self._name)
        self._since[thread] = time.monotonic()
        thread.start()

    @property
    def has_stock(self) -> bool:
        return bool(self._stock)

    def wait(self, seconds: float) -> bool:
        """Wait until all threads have ended; False: not in time."""
        with self._change:
            return self._change.wait_for(lambda: not self._since, seconds)

    def _run(self) -> None:
        me = threading.current_thread()
        woken = -1
        while self._goes_on(me, woken):
            woken = self._woken
            try:
                self._work(me)
            except DatabaseError as error:
                logger.warning("%s: %s", self._name, type(error).__name__)
                break
            except Exception:  # A daemon's outer loop.
                logger.exception("%s: broke off", self._name)
                break
        connection.close()
        with self._change:
            self._since.pop(me, None)
            self._change.notify_all()

    def _goes_on(self, me: threading.Thread, woken: int) -> bool:
        """False: nobody has called since it looked. Nobody can call unheard after that."""
        with self._change:
            if self._woken != woken and not stopping.is_asked():
                return True
            self._since.pop(me, None)
            self._change.notify_all()
            return False

    def _work(self, me: threading.Thread) -> None:
        while not stopping.is_asked():
            claim = self._next()
            if claim is None:
                return
            self._since[me] = time.monotonic()
            attempts.attempt(claim)
        self._give_back()

    def _next(self) -> Claim | None:
        """What is claimed already, or else is due. What waits too long here loses its lease, and
        is taken up by others."""
        with self._claiming:
            if not self._stock:
                close_old_connections()
                self._stock.extend(found := self._claim_many(AT_ONCE))
                _supply(found)
            if not self._stock:
                return None
            if len(self._stock) > 1:
                with self._change:
                    self._start_thread()
            return self._stock.popleft()

    def _give_back(self) -> None:
        """This process is to stop: others shall have what it has not begun."""
        with self._claiming:
            while self._stock:
                self._stock.popleft().give_back()


def _supply(stock: Sequence[Claim]) -> None:
    """Look up at once what the attempts will ask for."""
    if len(stock) > 1:
        found = supplies.for_many([each for claim in stock for each in claim.deliveries])
        for claim in stock:
            claim.supplies = found


class Senders:
    """Both lanes."""

    def __init__(self) -> None:
        self._lanes = [
            Lane(lambda most: claims.claim_many(most, by_person=True), "send-people"),
            Lane(lambda most: claims.claim_many(most, by_person=False), "send-policies"),
        ]

    def wake(self) -> None:
        for lane in self._lanes:
            lane.wake()

    @property
    def have_stock(self) -> bool:
        return any(lane.has_stock for lane in self._lanes)

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way; False: not in time."""
        until = time.monotonic() + seconds
        return all(lane.wait(max(0.0, until - time.monotonic())) for lane in self._lanes)


senders = Senders()


def _start_over() -> None:
    """After a fork the threads are not there any more."""
    global senders
    senders = Senders()


os.register_at_fork(after_in_child=_start_over)


def wake() -> None:
    """Have whatever is due attempted by threads of this process. Returns at once."""
    senders.wake()


def have_stock() -> bool:
    """Whether something is claimed that no thread has begun: slow servers may keep them all."""
    return senders.have_stock


def wait(seconds: float) -> bool:
    """Wait until nothing is under way in this process; False: not in time."""
    return senders.wait(seconds)
