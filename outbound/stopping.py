"""A worker that was asked to stop begins nothing that it would have to break off."""

import threading

_asked = threading.Event()


class Stopping(Exception):
    """This process was asked to stop: give back what is not yet handed over."""


def ask() -> None:
    _asked.set()


def is_asked() -> bool:
    return _asked.is_set()


def refuse_to_go_on() -> None:
    """Raises Stopping after `ask`."""
    if is_asked():
        raise Stopping("this worker was asked to stop")


def forget() -> None:
    """A worker begins, perhaps in a process where another has ended."""
    _asked.clear()
