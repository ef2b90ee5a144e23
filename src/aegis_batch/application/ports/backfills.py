"""The port for backfills and their plans."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from aegis_batch.domain.backfill import Backfill, PlannedPeriod

__all__ = ["Backfills"]


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
