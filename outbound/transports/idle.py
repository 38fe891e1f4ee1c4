"""Connections that wait a few seconds for the next message to the same server."""

import os
import threading
import time

from outbound.transports.wire import ConnectionLost, SmtpConnection

_IDLE_SECONDS = 5.0
_MOST_IDLE = 8
_MOST_TRANSACTIONS = 50  # Some servers hang up after so many.


class IdleConnections:
    """Open connections of this process, each given to one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[float, SmtpConnection]] = []
        self._reaper: threading.Timer | None = None
        self._process = os.getpid()

    def take(self) -> SmtpConnection | None:
        """A connection that answers, ready for MAIL; or None."""
        while connection := self._pop():
            connection.renew()
            try:
                if connection.command("RSET").code == 250:
                    return connection
            except ConnectionLost:
                pass
            connection.close()
        return None

    def _pop(self) -> SmtpConnection | None:
        with self._lock:
            self._forget_after_fork()
            return self._waiting.pop()[1] if self._waiting else None

    def keep(self, connection: SmtpConnection) -> None:
        """Let `connection`, when it is open, wait for its next use."""
        if not connection.is_open:
            return
        with self._lock:
            self._forget_after_fork()
            if len(self._waiting) < _MOST_IDLE and connection.transactions < _MOST_TRANSACTIONS:
                self._waiting.append((time.monotonic(), connection))
                self._start_reaper()
                return
        connection.quit()

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
            expired = [each for since, each in self._waiting if since <= before]
            self._waiting = [each for each in self._waiting if each[0] > before]
            self._reaper = None
            if self._waiting:
                self._start_reaper()
        for connection in expired:
            connection.quit()
