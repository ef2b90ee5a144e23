"""The port for time."""

from datetime import datetime
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """Tells the time; the only place that a use case gets it from."""

    def now(self) -> datetime:
        """Return the present instant, in UTC, knowing its zone."""
        ...

    def monotonic_seconds(self) -> float:
        """Return seconds since some fixed moment; never goes back, whatever the clock does."""
        ...
