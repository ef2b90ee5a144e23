"""The port for backfills and their plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from aegis_batch.domain.backfill import Backfill, PlannedPeriod

__all__ = ["Backfills", "InFlight"]

# Bad days must not hold up the days after them; but where all is bad, it makes no sense to go on.
_WAITING_MAX = 10


@dataclass(frozen=True, slots=True)
class InFlight:
    """How much work of a backfill is queued or under way, and how much is to be tried again.

    A run by itself is one piece of work, and so is a shard of many.
    """

    active: int
    waiting: int

    def free(self, max_active: int) -> int:
        """Return how many more pieces of work may start now."""
        return 0 if self.waiting >= _WAITING_MAX else max(max_active - self.active, 0)


class Backfills(Protocol):
    """Keeps backfills by their id, and the periods of each, within a turn."""

    def save(self, backfill: Backfill, periods: Sequence[PlannedPeriod] = ()) -> None:
        """Keep a backfill and these of its periods, in the place of what was kept of them."""
        ...

    def get(self, backfill_id: str) -> Backfill | None:
        """Return a backfill; ``None`` where there is none with this id."""
        ...

    def newest(self, limit: int) -> Sequence[Backfill]:
        """Return backfills, the one that was planned last first; of one moment by their id."""
        ...

    def periods(
        self, backfill_id: str, start: date | None, limit: int, *, newest_first: bool = False
    ) -> Sequence[PlannedPeriod]:
        """Return periods of a backfill in the order of their days, at most ``limit``.

        They begin with the one whose first day is ``start``, or the next in the order where there
        is none; without ``start``, with the first in the order.
        """
        ...

    def in_flight(self, backfill_id: str) -> InFlight:
        """Return how much work at runs of a backfill has not come to an end."""
        ...
