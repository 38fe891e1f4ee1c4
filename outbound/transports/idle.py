"""Connections that wait a few seconds for the next message to the same server."""

import os
import threading
import time
from collections.abc import Hashable

from outbound.transports.wire import ConnectionLost, SmtpConnection

_IDLE_SECONDS = 5.0
_MOST_IDLE = 8  # under one key
_MOST_IN_ALL = 64
_MOST_TRANSACTIONS = 50  # Some servers hang up after so many.


class IdleConnections:
    """Open connections of this process, each given to one thread at a time.

    A key tells apart what may not be confused: who is at the other end, how it was verified.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[float, Hashable, SmtpConnection]] = []
        self._reaper: threading.Timer | None = None
        self._process = os.getpid()

    def take(self, key: Hashable = None) -> SmtpConnection | None:
        """A connection that was kept under `key` and answers, ready for MAIL; or None."""
        while connection := self._pop(key):
            connection.renew()
            try:
                if connection.command("RSET").code == 250:
                    return connection
            except ConnectionLost:
                pass
            connection.close()
        return None

    def _pop(self, key: Hashable) -> SmtpConnection | None:
        with self._lock:
            self._forget_after_fork()
            for index in range(len(self._waiting) - 1, -1, -1):
                if self._waiting[index][1] == key:
                    return self._waiting.pop(index)[2]
            return None

    def keep(self, connection: SmtpConnection, key: Hashable = None) -> None:
        """Let `connection`, when it is open, wait for its next use."""
        if not connection.is_open:
            return
        with self._lock:
            self._forget_after_fork()
            if connection.transactions < _MOST_TRANSACTIONS and self._has_room(key):
                self._waiting.append((time.monotonic(), key, connection))
                self._start_reaper()
                return
        connection.quit()

    def _has_room(self, key: Hashable) -> bool:
        alike = sum(each[1] == key for each in self._waiting)
        return alike < _MOST_IDLE and len(self._waiting) < _MOST_IN_ALL

    def _forget_after_fork(self) -> None:
        """A child must not speak on its parent's connections."""
        if self._process != os.getpid():
            self._process, self._waiting, self._reaper = os.getpid(), [], None

    def _start_reaper(self) -> None:
        if self._reaper is None:
            self._reaper = threading.Timer(_IDLE_SECONDS, self._reap)
            self._reaper.daemon = True
            try:
                self._reaper.start()
            except RuntimeError:  # The process ends, and with it its connections.
                self._reaper = None

    def _reap(self) -> None:
        before = time.monotonic() - _IDLE_SECONDS
        with self._lock:
            expired = [each for since, _, each in self._waiting if since <= before]
            self._waiting = [each for each in self._waiting if each[0] > before]
            self._reaper = None
            if self._waiting:
                self._start_reaper()
        for connection in expired:
            connection.quit()
