"""Rate limits: so many permits in any stretch of time, spaced out evenly."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["RateLimit", "Slots", "reserve"]

_TEXT = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,5})s")
_GRACE_MAX = timedelta(seconds=1)
_GRACES_A_PERIOD = 20
# Of what takes so long more than one permit is worth having at a time.
_BATCH = timedelta(seconds=1)
_BATCH_PERMITS_MAX = 50
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``permits`` in any stretch that is as long as ``period``, wherever it begins.

    Each permit has a slot of its own and is good from its start until ``grace`` later; unused by
    then it is forfeit. Slots are so far apart that even the latest use of one and the earliest use
    of the ``permits``-th after it are a whole period apart.
    """

    permits: int
    period: timedelta

    @classmethod
    def parse(cls, text: str) -> "RateLimit":
        """Return what a text like ``10/60s`` means; ``ValueError`` for any other."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError("is not of the form 10/60s: so many in so many seconds")
        return cls(int(match[1]), timedelta(seconds=int(match[2])))

    @property
    def grace(self) -> timedelta:
        """For how long a permit is good, which is a twentieth of the period and a second at most.

        The rate is below the limit by as much.
        """
        return min(self.period / _GRACES_A_PERIOD, _GRACE_MAX)

    @property
    def interval(self) -> timedelta:
        """How far one slot is from the next."""
        # Rounded up: the division of times rounds to the nearest microsecond.
        return (self.period + self.grace) / self.permits + _MICROSECOND

    @property
    def batch_permits(self) -> int:
        """How many permits are worth reserving at once: those of about a second."""
        return max(1, min(_BATCH // self.interval, _BATCH_PERMITS_MAX))


@dataclass(frozen=True, slots=True)
class Slots:
    """What a reservation came to.

    ``permits`` were reserved, the first of them for ``first_at``; where there are none, that is
    when it is worth asking again. ``next_at`` is the start of the next slot of each limit.
    """

    first_at: datetime
    permits: int
    next_at: tuple[datetime, ...]


def reserve(
    limits: Sequence[tuple[RateLimit, datetime | None]],
    now: datetime,
    permits: int,
    within: timedelta,
) -> Slots:
    """Reserve permits that count in every one of the limits, at least one limit.

    The first limit is everybody's, the others are narrower: where one of those is what has to be
    waited for, nothing is reserved, so that no slot of everybody's is kept for it. Nor is anything
    where the first slot is further away than ``within``.
    """
    starts = [now if next_at is None else max(now, next_at) for _, next_at in limits]
    (shared, *narrower) = starts
    first_at = max(starts)
    if first_at > now + within or any(start > max(now, shared) for start in narrower):
        return Slots(first_at, 0, tuple(starts))
    return Slots(
        first_at, permits, tuple(first_at + permits * limit.interval for limit, _ in limits)
    )
