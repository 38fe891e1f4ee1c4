"""Ends the children of a supervisor that was killed, where the kernel does not.

Linux has PR_SET_PDEATHSIG. Elsewhere this process holds the other end of a pipe and is told
`watch <pid> <signal>` and `forget <pid>`; when the pipe closes, whoever is still watched ends.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_PATIENCE_SECONDS = 5.0


class Guardian:
    """The supervisor's end of the pipe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", str(Path(__file__))],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def watch(self, pid: int, death_signal: int) -> None:
        """End `pid` by `death_signal` when we are gone."""
        self._tell(f"watch {pid} {death_signal}")

    def forget(self, pid: int) -> None:
        """`pid` has ended."""
        self._tell(f"forget {pid}")

    def dismiss(self) -> None:
        """Close the pipe; nobody should be watched any more."""
        self._process.communicate()

    def _tell(self, line: str) -> None:
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.write(f"{line}\n".encode())
                self._process.stdin.flush()


def _stand_guard() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watched: dict[int, int] = {}
    for line in sys.stdin:
        match line.split():
            case ["watch", pid, number]:
                watched[int(pid)] = int(number)
            case ["forget", pid]:
                watched.pop(int(pid), None)
    _end(watched)


def _end(watched: dict[int, int]) -> None:
    for pid, number in watched.items():
        with contextlib.suppress(OSError):
            os.kill(pid, number)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and any(_is_alive(pid) for pid in watched):
        time.sleep(0.05)
    for pid in watched:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    _stand_guard()
