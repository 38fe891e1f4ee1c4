"""One supervisor on one state folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from mailagent.supervisor.refusal import CannotStart


@contextlib.contextmanager
def only_supervisor(state: Path) -> Iterator[None]:
    """Hold the state folder. Raise CannotStart, naming the holder, while another has it.

    The kernel lets go when the process ends, however it ends; children never inherit the hold.
    """
    path = state / "supervisor.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode().strip() or "unknown"
            raise CannotStart(
                f"Another mailagent (pid {holder}) already runs on {state}. "
                "Stop it first, or set MAILAGENT_STATE to another folder."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def folder_to_oneself(folder: Path) -> Iterator[None]:
    """Wait for, then hold, `folder` itself: no extra file, and nothing to clean up."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another mailagent is installing here; waiting for it.", flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
