"""Forgets old history, in memory."""

from datetime import datetime

from aegis_batch.adapters.outbound.memory.dead_letters import InMemoryDeadLetters
from aegis_batch.adapters.outbound.memory.occurrences import InMemoryOccurrences
from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
from aegis_batch.adapters.outbound.memory.timeline import InMemoryTimeline

__all__ = ["InMemoryRetention"]


class InMemoryRetention:
    """Deletes old history from what keeps it, oldest first."""

    def __init__(
        self,
        runs: InMemoryRuns,
        timeline: InMemoryTimeline,
        occurrences: InMemoryOccurrences,
        dead_letters: InMemoryDeadLetters,
    ) -> None:
        """Take what keeps the history."""
        self._runs = runs
        self._timeline = timeline
        self._occurrences = occurrences
        self._dead_letters = dead_letters

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
        return len(old[:limit])

    def forget_occurrences(self, decided_before: datetime, limit: int) -> int:
        """Delete decisions made before an instant; return how many."""
        return self._occurrences.forget(decided_before, limit)
