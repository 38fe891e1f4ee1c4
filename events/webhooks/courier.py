"""Carries webhooks, in threads of the worker process beside Celery's: an endpoint that hangs must
hold up neither mail nor another endpoint. What is to be done stands in PostgreSQL; hints only
make it quick, and any number of couriers may run."""

import asyncio
import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from django.db import Error, connections

from events import hints
from events.webhooks import attempts, claims
from events.webhooks.claims import Claim
from events.webhooks.feeding import Feeder

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # seconds: hints may be lost
# Under load there is a hint for every commit: one round serves many, and nobody waits longer.
ROUND_EVERY = 0.025
# What is committed but cannot be read safely yet, because an older transaction runs.
FIRST_WAIT, LONGEST_WAIT = 0.025, 0.1
RELEASE_EVERY = 10.0
RETRY_AFTER = 1.0
MOST_AT_ONCE = 48
# Threads that endpoints which fail at present may hold between them.
MOST_FAILING = 32


class Courier:
    """One per worker process."""

    def __init__(self) -> None:
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._feeder = Feeder()
        self._senders = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="webhook")
        self._counting = threading.Lock()
        self._under_way: Counter[bool] = Counter()  # by whether the endpoint is failing
        self._released_at = 0.0
        self._round_at = 0.0
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)

    def start(self) -> None:
        threading.Thread(target=self._follow_hints, name="courier-hints", daemon=True).start()
        self._thread.start()

    def stop(self, patience: float = 0.0) -> None:
        """Begin nothing more. What is under way is waited for when the process ends."""
        self._stop.set()
        self._wake.set()
        if patience:
            self._thread.join(patience)
            self._senders.shutdown()

    def _follow_hints(self) -> None:
        asyncio.run(hints.follow(self._wake.set))

    def _work(self) -> None:
        patience = LOOK_EVERY
        while not self._stop.is_set():
            try:
                patience = self._round(patience)
            except Error as error:  # The database is away: everything is still in it afterwards.
                logger.warning("webhooks wait for the database: %s", type(error).__name__)
                connections.close_all()
                self._stop.wait(RETRY_AFTER)
            except Exception:  # The outer loop of a daemon.
                logger.exception("webhooks: a round broke off")
                self._feeder = Feeder()
                self._stop.wait(RETRY_AFTER)
        connections.close_all()

    def _round(self, patience: float) -> float:
        """Wait for a hint, feed, and send what is due. How long to wait for the next hint."""
        woken = self._wake.wait(patience)
        self._stop.wait(self._round_at + ROUND_EVERY - time.monotonic())
        if woken:
            self._wake.clear()
            patience = LOOK_EVERY
        if self._stop.is_set():
            return 0.0
        self._round_at = time.monotonic()
        if not claims.anyone_listens():
            self._feeder.skip()
            return LOOK_EVERY
        patience = self._feed(patience)
        self._release()
        for webhook_id, is_failing in claims.due_webhooks():
            room = self._room(is_failing)
            for claimed in claims.claim(webhook_id, most=room) if room > 0 else ():
                self._send(claimed, is_failing)
        return patience

    def _feed(self, before: float) -> float:
        batch = self._feeder.feed()
        if batch is None or batch.full:
            return 0.0
        if not batch.waiting:
            return LOOK_EVERY
        if before >= LOOK_EVERY or batch.events:
            return FIRST_WAIT
        return min(max(before, FIRST_WAIT) * 2, LONGEST_WAIT)

    def _release(self) -> None:
        if time.monotonic() - self._released_at > RELEASE_EVERY:
            self._released_at = time.monotonic()
            claims.release_expired()

    def _room(self, is_failing: bool) -> int:
        with self._counting:
            room = MOST_AT_ONCE - self._under_way.total()
            return min(room, MOST_FAILING - self._under_way[True]) if is_failing else room

    def _send(self, claimed: Claim, is_failing: bool) -> None:
        with self._counting:
            self._under_way[is_failing] += 1
        self._senders.submit(self._attempt, claimed, is_failing)

    def _attempt(self, claimed: Claim, is_failing: bool) -> None:
        try:
            if self._stop.is_set():
                claimed.give_back()
            else:
                attempts.attempt(claimed)
        except Exception:  # The lease ends by itself.
            logger.exception("webhook delivery %s: not recorded", claimed.delivery.delivery_id)
        finally:
            connections.close_all()
            with self._counting:
                self._under_way[is_failing] -= 1
            self._wake.set()  # There may be more for this endpoint.


_courier: Courier | None = None


def begin() -> None:
    """This process is a worker: carry webhooks in it."""
    global _courier
    _courier = Courier()
    _courier.start()


def end() -> None:
    """This worker was asked to stop."""
    if _courier is not None:
        _courier.stop()
