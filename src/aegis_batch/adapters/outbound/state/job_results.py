"""What runs of defined jobs came to, in a table."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.job_tables import job_results
from aegis_batch.domain.job_result import JobResult

__all__ = ["SqlJobResults"]


class SqlJobResults:
    """Keeps results by the id of their run, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def keep(self, result: JobResult) -> None:
        """Keep a result, in the place of the one of the same run."""
        row = {"run_id": result.run_id, "kept_at": result.kept_at, "text": result.text}
        statements.put(self._connection, job_results, row)

    def of(self, run_ids: Collection[str]) -> Mapping[str, JobResult]:
        """Return those results of runs that there are."""
        if not run_ids:
            return {}
        statement = select(job_results).where(job_results.c.run_id.in_(sorted(run_ids)))
        found = statements.read(self._connection, statement, _result_of)
        return {each.run_id: each for each in found}

    def forget(self, kept_before: datetime, limit: int) -> int:
        """Delete results kept before an instant, oldest first; return how many."""
        columns = job_results.c
        old = select(columns.run_id).where(columns.kept_at < kept_before)
        oldest = old.order_by(columns.kept_at, columns.run_id).limit(limit)
        statement = delete(job_results).where(columns.run_id.in_(oldest))
        return self._connection.execute(statement).rowcount


def _result_of(row: Row[Any]) -> JobResult:
    return JobResult(row.run_id, row.kept_at, row.text)
