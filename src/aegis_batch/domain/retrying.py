"""How often a run is tried, and when it is given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The waits between the attempts of a run whose failure may pass.

    The last of ``waits`` is repeated where ``repeats_last``; else the attempt after it is the
    last. ``gives_up_after`` bounds all attempts, counted from the end of the run's period.
    """

    waits: tuple[timedelta, ...]
    repeats_last: bool
    gives_up_after: timedelta | None = None

    def next_attempt(self, attempts: int, now: datetime, counted_from: datetime) -> datetime | None:
        """Return when to try again after so many attempts; ``None``: it is given up."""
        if attempts > len(self.waits) and not self.repeats_last:
            return None
        due = now + self.waits[min(attempts, len(self.waits)) - 1]
        if self.gives_up_after is not None and due > counted_from + self.gives_up_after:
            return None
        return due
