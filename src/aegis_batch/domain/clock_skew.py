"""How far another machine's clock is from ours, as far as one question can tell."""

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["ClockSample"]

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class ClockSample:
    """What another clock showed at some moment between two readings of ours.

    ``resolution`` is how coarse its answer is: an HTTP date is cut off to a whole second.
    """

    asked_at: datetime
    shown: datetime
    answered_at: datetime
    resolution: timedelta = _NONE

    @property
    def skew_seconds(self) -> float:
        """The least distance that explains the sample: above zero where the other clock is ahead.

        Zero where both clocks can be right, however long the answer took.
        """
        if self.shown > self.answered_at:
            return (self.shown - self.answered_at).total_seconds()
        latest = self.shown + self.resolution
        if latest < self.asked_at:
            return (latest - self.asked_at).total_seconds()
        return 0.0
