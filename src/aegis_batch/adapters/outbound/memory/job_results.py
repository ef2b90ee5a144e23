"""What runs of defined jobs came to, in memory."""

from collections.abc import Collection, Mapping
from datetime import datetime

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.job_result import JobResult

__all__ = ["InMemoryJobResults"]


class InMemoryJobResults:
    """Keeps results by the id of their run."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, JobResult] = {}

    def keep(self, result: JobResult) -> None:
        """Keep a result, in the place of the one of the same run."""
        self._log.put(self._kept, result.run_id, result)

    def of(self, run_ids: Collection[str]) -> Mapping[str, JobResult]:
        """Return those results of runs that there are."""
        return {run_id: self._kept[run_id] for run_id in run_ids if run_id in self._kept}

    def forget(self, kept_before: datetime, limit: int) -> int:
        """Delete results kept before an instant, oldest first; return how many."""
        old = sorted(
            (each.kept_at, each.run_id)
            for each in self._kept.values()
            if each.kept_at < kept_before
        )[:limit]
        for _, run_id in old:
            self._log.drop(self._kept, run_id)
        return len(old)
