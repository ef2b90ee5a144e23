"""How often jobs were started and how they ended, in a table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.job_tables import job_totals
from aegis_batch.domain.job_total import JOBS_MAX, OTHERS, JobTotal

__all__ = ["SqlJobTotals"]


class SqlJobTotals:
    """Keeps counts that only grow, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, total: JobTotal) -> None:
        """Add a count and a duration to what is kept of the same job, end and bucket."""
        key = {
            "job": self._counted_as(total.job),
            "status": total.status,
            "reason": total.reason,
            "bucket_seconds": total.bucket_seconds,
        }
        amounts = {"count": total.count, "duration_ms": total.duration_ms}
        if statements.add_new(self._connection, job_totals, {**key, **amounts}):
            return
        is_same = [job_totals.c[name] == value for name, value in key.items()]
        grown = {name: job_totals.c[name] + value for name, value in amounts.items()}
        self._connection.execute(update(job_totals).where(*is_same).values(grown))

    def _counted_as(self, job: str) -> str:
        jobs = job_totals.c.job
        if self._connection.scalar(select(jobs).where(jobs == job).limit(1)) is not None:
            return job
        known = select(func.count(jobs.distinct())).where(jobs != OTHERS)
        return job if (self._connection.scalar(known) or 0) < JOBS_MAX else OTHERS

    def all(self) -> Sequence[JobTotal]:
        """Return all counts, in the order of job, status, reason and bucket."""
        statement = select(job_totals).order_by(*job_totals.primary_key)
        return statements.read(self._connection, statement, _total_of)


def _total_of(row: Row[Any]) -> JobTotal:
    return JobTotal(
        job=row.job,
        status=row.status,
        reason=row.reason,
        bucket_seconds=row.bucket_seconds,
        # A row is a tuple, too, which can count.
        count=row._mapping["count"],  # noqa: SLF001 - public by SQLAlchemy's documentation
        duration_ms=row.duration_ms,
    )
