"""The seeded plan: which fault strikes at which call, and when chance has it otherwise."""

from collections import Counter
from datetime import timedelta
from enum import StrEnum
from random import Random

__all__ = ["Fault", "Plan", "ProcessDiedError"]


class ProcessDiedError(BaseException):
    """The process was killed just here. No code of the program's may catch it."""


class Fault(StrEnum):
    """What can go wrong at a call."""

    DIES_BEFORE = "dies before the call"
    DIES_AFTER = "dies after the call"
    LATE = "answers late"
    UNAVAILABLE = "is unavailable"
    LOST_AFTER_COMMIT = "commits and drops the answer"
    LOST_BEFORE_COMMIT = "drops the request, and nobody knows"
    REFUSED = "refuses for good"
    STALE = "doesn't see what it has"
    BREAKS_OFF = "breaks off in the middle of a read"
    MISFIT = "has other columns than it should"
    DIES_BEFORE_COMMIT = "dies before the commit"
    DIES_AFTER_COMMIT = "dies after the commit"
    STATE_LOCKED = "the state is locked"
    STATE_FULL = "the state is full at the commit"
    STATE_LATE = "the state breaks after the commit"
    UNDELIVERED = "doesn't take the notice"


class Plan:
    """Draws faults, always the same ones from the same seed; none once it is calm."""

    def __init__(self, seed: int, rate: float = 0.03) -> None:
        """Take the seed, and how likely a fault is at one call."""
        self.random = Random(seed)  # noqa: S311 - the same chance each time is the very point
        self.rate = rate
        self.is_calm = False
        self.struck: Counter[str] = Counter()

    def draw(self, point: str, *faults: Fault) -> Fault | None:
        """Return the fault that strikes at a call, of those that can."""
        if self.is_calm or self.random.random() >= self.rate:
            return None
        fault = self.random.choice(faults)
        self.struck[f"{point}: {fault.value}"] += 1
        return fault

    def chance(self, probability: float) -> bool:
        """Say whether something that isn't a fault happens now."""
        return self.random.random() < probability

    def between(self, shortest: timedelta, longest: timedelta) -> timedelta:
        """Return a time between two, to the second."""
        seconds = self.random.randint(int(shortest.total_seconds()), int(longest.total_seconds()))
        return timedelta(seconds=seconds)
