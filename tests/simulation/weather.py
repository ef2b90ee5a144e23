"""What comes over the program from outside for a while, and when."""

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.simulation.plan import Plan

__all__ = ["WHIMS", "Weather"]

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
# How often what comes, in parts of all.
WHIMS = {
    "backend": 10,
    "engine": 5,
    "engine at night": 4,
    "clock ahead": 4,
    "clock back": 8,
    "clock leap": 1,
    "stop": 8,
    "kill": 7,
    "kill at night": 4,
    "long stop": 1,
    "deploy": 5,
    "pause": 6,
    "trigger": 8,
    "close by hand": 8,
    "dry run": 3,
    "week by hand": 10,
    "month by hand": 2,
    "rebuild": 6,
    "verify": 8,
    "audit": 3,
    "backfill": 7,
}
# Moments that a wrong clock has set stay wrong for a while after it is right again.
_CLOCK_AFTERMATH = 2 * _HOUR


class Weather:
    """Has whims, one after the other, and knows how long the trouble lasts that they make."""

    def __init__(self, plan: Plan, reached: Callable[[str], None], begin: datetime) -> None:
        """Take the plan, and begin fair."""
        self._plan = plan
        self._reached = reached
        self._next_whim = begin + plan.between(_HOUR, _DAY)
        self._backend_until = self._engine_until = self._clock_until = begin
        self.stopped_until = begin
        self._fair_from = begin
        self._offset = timedelta(0)
        # What waits for its moment.
        self._lurking: set[str] = set()

    def whim(self, now: datetime) -> str | None:
        """Return what comes at an instant, if anything does."""
        if now < self._next_whim:
            return None
        plan = self._plan
        self._next_whim = now + plan.between(3 * _HOUR, 44 * _HOUR)
        whim = plan.random.choices(list(WHIMS), list(WHIMS.values()))[0]
        self._reached(f"whim: {whim}")
        if whim == "backend":
            longest = 3 * _DAY if plan.chance(0.05) else 8 * _HOUR
            self._backend_until = self._trouble(now + plan.between(20 * _MINUTE, longest))
        elif whim == "engine":
            self._engine_until = self._trouble(now + plan.between(5 * _MINUTE, 2 * _HOUR))
        elif whim in ("clock ahead", "clock leap"):
            self._put_clock_ahead(now, leaps=whim == "clock leap")
        elif whim == "clock back" and plan.chance(0.5):
            self._set_clock(now, -plan.between(_MINUTE, 5 * _HOUR))
        elif whim in ("clock back", "engine at night", "kill at night"):
            self._lurking.add(whim)
        elif whim == "long stop":
            self.stopped_until = self._trouble(now + plan.between(7 * _DAY, 10 * _DAY))
        elif whim == "deploy":
            self.stopped_until = self._trouble(now + plan.between(_MINUTE, 5 * _MINUTE))
        elif whim in ("stop", "kill"):
            longest = 4 * _DAY if plan.chance(0.05) else 6 * _HOUR
            self.stopped_until = self._trouble(now + plan.between(_MINUTE, longest))
        return whim

    def strike_a_restart(self, now: datetime) -> None:
        """Set the clock back before a close that a death broke off is begun anew."""
        if "clock back" in self._lurking:
            self._lurking.remove("clock back")
            self._reached("clock back: at a restart")
            self._set_clock(now, -self._plan.between(2 * _HOUR, 5 * _HOUR))

    def strike_a_queued_night(self, now: datetime) -> bool:
        """Break the engine before a night comes out of its queue, or say that a stop begins."""
        if "engine at night" in self._lurking:
            self._lurking.remove("engine at night")
            self._reached("engine: broken at night")
            self._engine_until = self._trouble(now + self._plan.between(_HOUR, 4 * _HOUR))
            return False
        if "kill at night" in self._lurking:
            self._lurking.remove("kill at night")
            self._reached("kill: at night")
            self.stopped_until = self._trouble(now + self._plan.between(_HOUR, 3 * _DAY))
            return True
        return False

    def is_fair(self, now: datetime) -> bool:
        """Say whether nothing troubles the program from outside."""
        return now >= self._fair_from

    def backend_is_down(self, now: datetime) -> bool:
        """Say whether the Backend is away."""
        return now < self._backend_until

    def engine_is_broken(self, now: datetime) -> bool:
        """Say whether the engine loses most work."""
        return now < self._engine_until

    def clock_offset(self, now: datetime) -> timedelta:
        """Return how far the clock on the wall is ahead."""
        return self._offset if now < self._clock_until else timedelta(0)

    def changes(self, now: datetime) -> list[datetime]:
        """Return when anything changes next, whims that are held back left out."""
        moments = (self._next_whim, self._backend_until, self._engine_until, self._clock_until)
        return [moment for moment in moments if moment > now]

    def _set_clock(self, now: datetime, ahead: timedelta) -> None:
        self._offset = ahead
        self._clock_until = now + self._plan.between(10 * _MINUTE, 8 * _HOUR)
        self._trouble(self._clock_until + _CLOCK_AFTERMATH)

    def _put_clock_ahead(self, now: datetime, *, leaps: bool) -> None:
        if not leaps:
            self._set_clock(now, self._plan.between(_MINUTE, 90 * _MINUTE))
            return
        # Far ahead, for a moment.
        self._offset = self._plan.between(2 * _DAY, 40 * _DAY)
        self._clock_until = now + self._plan.between(_SECOND, 20 * _SECOND)
        self._trouble(now + _CLOCK_AFTERMATH)

    def _trouble(self, until: datetime) -> datetime:
        self._fair_from = max(self._fair_from, until)
        return until
