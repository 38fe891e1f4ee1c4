"""How many automatic messages may be in doubt at a time, should the worker die.

Between the dot and the server's answer nobody knows whether a message was taken. What a person
approved waits for a person then; what a policy sent is tried once more, and may be doubled. So the
automatic messages of a process are handed over one at a time, with a rest between them that is in
proportion to the time the server took: fewer are in doubt at any moment, and quick servers are
hardly held up.
"""

import math
import threading
import time
from functools import lru_cache

from django.conf import settings

PATIENCE = 1.0  # seconds; a slow server must not hold up the mail for all others
REST = 2.0  # times what the server took
LONGEST_REST = 0.25  # seconds


class Places:
    """As many automatic messages may be in doubt at once as there are places."""

    def __init__(self, most: int) -> None:
        self._free_at = [0.0] * most
        self._change = threading.Condition()

    def take(self) -> int | None:
        """A place; None when there are no limits, or none came free in time."""
        if not self._free_at:
            return None
        until = time.monotonic() + PATIENCE
        with self._change:
            while (now := time.monotonic()) < until:
                free_at = min(self._free_at)
                if free_at <= now:
                    place = self._free_at.index(free_at)
                    self._free_at[place] = math.inf
                    return place
                self._change.wait(min(free_at, until) - now)
        return None

    def give(self, place: int, *, rest: float) -> None:
        """Nobody has it for the next `rest` seconds."""
        with self._change:
            self._free_at[place] = time.monotonic() + rest
            self._change.notify()


class Turn:
    """One attempt's way through: `begin` before the dot, `end` after the answer."""

    def __init__(self, places: Places | None) -> None:
        self._places = places
        self._place: int | None = None
        self._began = 0.0

    def begin(self) -> None:
        """Wait for a place."""
        if self._places:
            self._place = self._places.take()

    def handing_over(self) -> None:
        self._began = time.monotonic()

    def end(self) -> None:
        """Give the place to the next one, after a rest. Needs no `begin`, and may come again."""
        if self._places is None or self._place is None:
            return
        took = time.monotonic() - self._began if self._began else 0.0
        self._places.give(self._place, rest=min(REST * took, LONGEST_REST))
        self._place = None


@lru_cache(maxsize=1)
def _places(most: int) -> Places:
    return Places(most)


def turn(*, by_person: bool) -> Turn:
    """The turn of one attempt."""
    return Turn(None if by_person else _places(settings.AUTOMATIC_AT_ONCE))
