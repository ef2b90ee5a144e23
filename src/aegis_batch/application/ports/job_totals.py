"""The port for how often jobs were started and how they ended."""

from collections.abc import Sequence
from typing import Protocol

from aegis_batch.domain.job_total import JobTotal

__all__ = ["JobTotals"]


class JobTotals(Protocol):
    """Keeps counts that only grow, within a turn."""

    def add(self, total: JobTotal) -> None:
        """Add a count and a duration to what is kept of the same job, end and bucket.

        Where ``JOBS_MAX`` jobs are counted already, one more is counted among ``OTHERS``.
        """
        ...

    def all(self) -> Sequence[JobTotal]:
        """Return all counts, in the order of job, status, reason and bucket."""
        ...
