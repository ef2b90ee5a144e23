"""Backfills in memory."""

from collections.abc import Sequence
from datetime import date

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.backfill import Backfill, PlannedPeriod

__all__ = ["InMemoryBackfills"]


class InMemoryBackfills:
    """Keeps backfills by their id, and the periods of each."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, Backfill] = {}
        self._periods: dict[str, dict[date, PlannedPeriod]] = {}

    def save(self, backfill: Backfill, periods: Sequence[PlannedPeriod] = ()) -> None:
        """Keep a backfill and these of its periods, in the place of what was kept of them."""
        self._log.put(self._kept, backfill.id, backfill)
        if backfill.id not in self._periods:
            self._log.put(self._periods, backfill.id, {})
        for period in periods:
            self._log.put(self._periods[backfill.id], period.period.first_day, period)

    def get(self, backfill_id: str) -> Backfill | None:
        """Return a backfill; ``None`` where there is none with this id."""
        return self._kept.get(backfill_id)

    def newest(self, limit: int) -> Sequence[Backfill]:
        """Return backfills, the one that was planned last first."""
        newest_first = sorted(self._kept.values(), key=lambda b: (b.planned_at, b.id), reverse=True)
        return newest_first[:limit]

    def periods(
        self, backfill_id: str, start: date | None, limit: int, *, newest_first: bool = False
    ) -> Sequence[PlannedPeriod]:
        """Return periods of a backfill in the order of their days, at most ``limit``."""
        kept = self._periods.get(backfill_id, {})
        days = sorted(kept, reverse=newest_first)
        if start is not None:
            days = [day for day in days if (day <= start if newest_first else day >= start)]
        return [kept[day] for day in days[:limit]]
