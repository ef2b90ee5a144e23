"""What comes over the tenants, and over all processes, for a while."""

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.simulation.plan import Plan

__all__ = ["Trouble"]

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)


class Trouble:
    """Who is in trouble just now; all of it ends in the morning."""

    def __init__(self, plan: Plan, reached: Callable[[str], None]) -> None:
        """Begin without any."""
        self._plan = plan
        self._reached = reached
        # Tenants that the Backend refuses, that it is away for, and whose orders nobody can read.
        self.refused: set[str] = set()
        self.away: set[str] = set()
        self.unreadable: set[str] = set()
        self._until: dict[str, datetime] = {}
        self.backend_is_down = self.orders_are_down = self.state_is_down = False

    def begin_day(self, tenants: list[str]) -> None:
        """Choose whose trouble it is until the next morning."""
        chance = self._plan.random
        for kept, likely in ((self.refused, 0.03), (self.away, 0.04), (self.unreadable, 0.02)):
            kept.update(tenant for tenant in tenants if chance.random() < likely)

    def come(self, what: str, now: datetime) -> None:
        """Take something away from all, for a while."""
        longest = {"backend": 5 * _HOUR, "orders": _HOUR, "state": 90 * _MINUTE}[what]
        self._until[what] = now + self._plan.between(_MINUTE, longest)
        self._reached(f"trouble: {what}")

    def look(self, now: datetime) -> None:
        """See what is over by now."""
        down = {what for what, until in self._until.items() if until > now}
        self.backend_is_down = "backend" in down
        self.orders_are_down = "orders" in down
        self.state_is_down = "state" in down

    def next_end(self, now: datetime) -> datetime | None:
        """Return when something will be over."""
        return min((until for until in self._until.values() if until > now), default=None)

    def end(self) -> None:
        """Let all be well."""
        self.refused.clear()
        self.away.clear()
        self.unreadable.clear()
        self._until.clear()
        self.backend_is_down = self.orders_are_down = self.state_is_down = False
