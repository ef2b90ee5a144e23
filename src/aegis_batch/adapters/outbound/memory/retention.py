"""Forgets old history, in memory."""

from datetime import datetime

from aegis_batch.adapters.outbound.memory.dead_letters import InMemoryDeadLetters
from aegis_batch.adapters.outbound.memory.executors import InMemoryExecutors
from aegis_batch.adapters.outbound.memory.occurrences import InMemoryOccurrences
from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
from aegis_batch.adapters.outbound.memory.timeline import InMemoryTimeline
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog

__all__ = ["InMemoryRetention"]

_RUNS = "runs"


class InMemoryRetention:
    """Deletes old history from what keeps it, oldest first."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that keeps history
        self,
        log: UndoLog,
        runs: InMemoryRuns,
        timeline: InMemoryTimeline,
        occurrences: InMemoryOccurrences,
        dead_letters: InMemoryDeadLetters,
        executors: InMemoryExecutors,
    ) -> None:
        """Take the log of the transaction, and what keeps the history."""
        self._log = log
        self._forgotten: dict[str, datetime] = {}
        self._runs = runs
        self._timeline = timeline
        self._occurrences = occurrences
        self._dead_letters = dead_letters
        self._executors = executors

    def forget_runs(self, ended_before: datetime, limit: int) -> int:
        """Delete runs that ended before an instant, with their timelines; return how many."""
        old = [
            run_id
            for run_id in self._runs.ended_before(ended_before)
            if self._dead_letters.get(run_id) is None
        ]
        for run_id in old[:limit]:
            self._runs.forget(run_id)
            self._timeline.forget(run_id)
        latest = self.runs_forgotten_before()
        if old[:limit] and (latest is None or latest < ended_before):
            self._log.put(self._forgotten, _RUNS, ended_before)
        return len(old[:limit])

    def forget_executors(self, silent_since: datetime, limit: int) -> int:
        """Delete executors that are gone and were heard last before an instant; return how many."""
        return self._executors.forget_gone(silent_since, limit)

    def runs_forgotten_before(self) -> datetime | None:
        """Return the latest instant that runs were deleted up to; ``None`` if none ever was."""
        return self._forgotten.get(_RUNS)

    def forget_occurrences(self, decided_before: datetime, limit: int) -> int:
        """Delete decisions made before an instant; return how many."""
        return self._occurrences.forget(decided_before, limit)
