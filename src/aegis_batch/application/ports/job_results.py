"""The port for what runs of defined jobs came to."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from aegis_batch.domain.job_result import JobResult

__all__ = ["JobResults"]


class JobResults(Protocol):
    """Keeps results by the id of their run, within a turn."""

    def keep(self, result: JobResult) -> None:
        """Keep a result, in the place of the one of the same run."""
        ...

    def of(self, run_ids: Collection[str]) -> Mapping[str, JobResult]:
        """Return those results of runs that there are."""
        ...

    def forget(self, kept_before: datetime, limit: int) -> int:
        """Delete results kept before an instant, oldest first; return how many."""
        ...
