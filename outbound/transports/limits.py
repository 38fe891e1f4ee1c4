"""How many connections to one domain may be open at a time."""

from typing import Protocol


class Slot(Protocol):
    """The right to one connection."""

    def release(self) -> None:
        """Give it back. Twice is once. Raises nothing."""
        ...


class Limits(Protocol):
    """Counts the connections of all processes. Raises nothing."""

    def take(self, domain: str) -> Slot | None:
        """The right to one more connection to `domain`; None where there are enough."""
        ...

    def halve(self, domain: str) -> None:
        """The domain's servers say that it is too much."""
        ...


class _Free:
    def release(self) -> None:
        pass


class NoLimits:
    def take(self, domain: str) -> Slot | None:
        return _Free()

    def halve(self, domain: str) -> None:
        pass
