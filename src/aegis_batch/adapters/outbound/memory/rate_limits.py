"""Rate limits in memory."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.rate_limits import Reserved
from aegis_batch.domain.rate_limit import RateLimit, reserve

__all__ = ["InMemoryRateLimits"]


class InMemoryRateLimits:
    """Keeps the next free slots by the limit's name."""

    def __init__(self, log: UndoLog, now: Callable[[], datetime]) -> None:
        """Take the log to which changes are written, and what tells the time of the state."""
        self._log = log
        self._now = now
        self._kept: dict[str, datetime] = {}

    def reserve(self, limits: Mapping[str, RateLimit], permits: int, within: timedelta) -> Reserved:
        """Reserve permits in all the limits at once; see the port."""
        now = self._now()
        wanted = [(limit, self._kept.get(name)) for name, limit in limits.items()]
        slots = reserve(wanted, now, permits, within)
        if slots.permits:
            for name, next_at in zip(limits, slots.next_at, strict=True):
                self._log.put(self._kept, name, next_at)
        return Reserved(slots.permits, slots.first_at - now)
