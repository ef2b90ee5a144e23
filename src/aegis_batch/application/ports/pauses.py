"""The port for waiting."""

from typing import Protocol

__all__ = ["Pauses"]


class Pauses(Protocol):
    """Lets time pass for the thread that asks."""

    def pause(self, seconds: float) -> None:
        """Return so many seconds later by the steady clock, or a little after; never before."""
        ...
