"""The seeded plan: which fault strikes at which call, and when chance has it otherwise."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random

__all__ = ["POINTS", "Fault", "Plan", "Point", "ProcessDiedError"]


class ProcessDiedError(BaseException):
    """The process was killed just here. No code of the program's may catch it."""


class Fault(StrEnum):
    """What can go wrong at a call."""

    DIES_BEFORE = "dies before the call"
    DIES_AFTER = "dies after the call"
    LATE = "answers late"
    UNAVAILABLE = "is unavailable"
    MALFORMED = "answers with nonsense"
    DEFECT = "has a defect"
    LOST_AFTER_COMMIT = "commits and drops the answer"
    LOST_BEFORE_COMMIT = "drops the request, and nobody knows"
    REFUSED = "refuses for good"
    STALE = "doesn't see what it has"
    SILENT = "has a report and doesn't show it"
    RIVAL = "was given another report meanwhile"
    CHANGES = "gets an order while it is read"
    BREAKS_OFF = "breaks off in the middle of a read"
    MISFIT = "has other columns than it should"
    DIES_BEFORE_COMMIT = "dies before the commit"
    DIES_AFTER_COMMIT = "dies after the commit"
    DIES_WITHIN = "dies at a call within the turn"
    BREAKS_WITHIN = "breaks at a call within the turn"
    LOCKED = "is locked for long"
    FULL = "is full at the commit"
    BREAKS_AFTER_COMMIT = "breaks after the commit"
    LOSES = "loses the work"
    REPEATS = "hands work out again that was done"
    UNDELIVERED = "doesn't take the notice"
    FREEZES = "stops for longer than its lease, and goes on in the middle of the call"


@dataclass(frozen=True, slots=True)
class Point:
    """A kind of call: how likely one of its faults is, and which they are, each as likely."""

    rate: float
    faults: tuple[Fault, ...]


_DEATHS = (Fault.DIES_BEFORE, Fault.DIES_AFTER)
_FIND = (
    *_DEATHS,
    Fault.LATE,
    Fault.UNAVAILABLE,
    Fault.MALFORMED,
    Fault.STALE,
    Fault.STALE,
    Fault.STALE,
    Fault.REFUSED,
)
_READ = (
    *_DEATHS,
    Fault.LATE,
    Fault.UNAVAILABLE,
    Fault.BREAKS_OFF,
    Fault.MISFIT,
    Fault.DEFECT,
    Fault.CHANGES,
    Fault.CHANGES,
    Fault.CHANGES,
)
POINTS = {
    "find": Point(0.10, _FIND),
    # Whoever looks again asks and reads so often that he would never come to an end otherwise.
    "look: find": Point(0.02, _FIND),
    "submit": Point(
        0.18,
        (
            *_DEATHS,
            Fault.DIES_AFTER,
            Fault.LATE,
            Fault.UNAVAILABLE,
            Fault.MALFORMED,
            Fault.LOST_AFTER_COMMIT,
            Fault.LOST_AFTER_COMMIT,
            Fault.LOST_BEFORE_COMMIT,
            Fault.REFUSED,
            Fault.SILENT,
            Fault.RIVAL,
        ),
    ),
    "read": Point(0.20, _READ),
    "look: read": Point(0.03, _READ),
    "turn": Point(
        0.010,
        (
            *_DEATHS,
            Fault.LATE,
            Fault.LOCKED,
            Fault.FULL,
            Fault.DIES_WITHIN,
            Fault.BREAKS_WITHIN,
            Fault.DIES_BEFORE_COMMIT,
            Fault.DIES_AFTER_COMMIT,
            Fault.BREAKS_AFTER_COMMIT,
        ),
    ),
    "deliver": Point(0.15, (*_DEATHS, Fault.LATE, Fault.UNDELIVERED, Fault.UNDELIVERED)),
    "emit": Point(0.001, _DEATHS),
    "clock": Point(0.0003, _DEATHS),
    "identifiers": Point(0.005, _DEATHS),
    "meter": Point(0.003, _DEATHS),
    "pulse": Point(0.01, (*_DEATHS, Fault.LOCKED)),
    "start": Point(0.03, (*_DEATHS, Fault.LOCKED)),
    "stop": Point(0.40, (*_DEATHS, Fault.LOCKED)),
    "lost": Point(0.004, (*_DEATHS, Fault.LOCKED)),
    "perform": Point(0.05, (*_DEATHS, Fault.LOSES, Fault.REPEATS)),
}


class Plan:
    """Draws faults, always the same ones from the same seed; none while it is calm."""

    def __init__(self, seed: int, points: Mapping[str, Point] = POINTS) -> None:
        """Take the seed, and what can go wrong where."""
        self.random = Random(seed)  # noqa: S311 - the same chance each time is the very point
        self.is_calm = False
        self.struck: Counter[str] = Counter()
        self._points = points
        self._rates = {name: point.rate for name, point in points.items()}

    def draw(self, name: str) -> Fault | None:
        """Return the fault that strikes at a call of a kind, if one does."""
        if self.is_calm or self.random.random() >= self._rates[name]:
            return None
        fault = self.random.choice(self._points[name].faults)
        self.struck[f"{name}: {fault.value}"] += 1
        return fault

    def chance(self, probability: float) -> bool:
        """Say whether something that isn't a fault happens now."""
        return self.random.random() < probability

    def between(self, shortest: timedelta, longest: timedelta) -> timedelta:
        """Return a time between two, to the second."""
        seconds = self.random.randint(int(shortest.total_seconds()), int(longest.total_seconds()))
        return timedelta(seconds=seconds)
