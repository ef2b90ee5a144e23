"""How often jobs were started and how they ended, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.job_total import JOBS_MAX, OTHERS, JobTotal

__all__ = ["InMemoryJobTotals"]

_Key = tuple[str, str, str, int]


class InMemoryJobTotals:
    """Keeps counts that only grow."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[_Key, JobTotal] = {}

    def add(self, total: JobTotal) -> None:
        """Add a count and a duration to what is kept of the same job, end and bucket."""
        total = replace(total, job=self._counted_as(total.job))
        key = (total.job, total.status, total.reason, total.bucket_seconds)
        before = self._kept.get(key)
        if before is not None:
            total = replace(
                before,
                count=before.count + total.count,
                duration_ms=before.duration_ms + total.duration_ms,
            )
        self._log.put(self._kept, key, total)

    def _counted_as(self, job: str) -> str:
        jobs = {known for known, *_ in self._kept}
        return job if job in jobs or len(jobs - {OTHERS}) < JOBS_MAX else OTHERS

    def all(self) -> Sequence[JobTotal]:
        """Return all counts, in the order of job, status, reason and bucket."""
        return [self._kept[key] for key in sorted(self._kept)]
