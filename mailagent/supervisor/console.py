"""What the supervisor and its children say, one line each, under a name."""

import contextlib
import os
import sys
from typing import TextIO

_COLOURS = ("36", "32", "35", "33", "34", "31", "96", "92")
_WIDTH = 9
OWN_NAME = "mailagent"


class Console:
    """Writes `name | line`, in colour on a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._coloured = self._stream.isatty() and "NO_COLOR" not in os.environ
        self._names: list[str] = []

    def say(self, line: str) -> None:
        """A line of our own."""
        self.line(OWN_NAME, line)

    def line(self, name: str, line: str) -> None:
        """A line under a name. A terminal that has gone away stops nothing."""
        self.plain(f"{self._label(name)} {line}")

    def plain(self, text: str) -> None:
        """Text as it stands."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text + "\n")
            self._stream.flush()

    def _label(self, name: str) -> str:
        label = f"{name:<{_WIDTH}} |"
        if not self._coloured:
            return label
        if name not in self._names:
            self._names.append(name)
        colour = _COLOURS[self._names.index(name) % len(_COLOURS)]
        return f"\x1b[{colour}m{label}\x1b[0m"
