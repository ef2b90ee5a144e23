"""Backfills in memory."""

import sys
from collections.abc import Sequence
from datetime import date

from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.backfills import InFlight
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.backfill import Backfill, PlannedPeriod
from aegis_batch.domain.run import RunState

__all__ = ["InMemoryBackfills"]

_ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING})
_WAITING = frozenset({RunState.WAITING})


class InMemoryBackfills:
    """Keeps backfills by their id, and the periods of each."""

    def __init__(self, log: UndoLog, runs: InMemoryRuns) -> None:
        """Take the log to which changes are written, and the ledger of runs."""
        self._log = log
        self._runs = runs
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

    def in_flight(self, backfill_id: str) -> InFlight:
        """Return how much work at runs of a backfill has not come to an end."""

        def works(states: frozenset[RunState]) -> int:
            found = self._runs.search(RunFilter(parent=backfill_id, states=states), sys.maxsize)
            return len({record.work_id for record in found})

        return InFlight(works(_ACTIVE), works(_WAITING))
