"""How many runs have not ended, counted in a table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import runs
from aegis_batch.application.ports.open_runs import OpenCount
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.task import Priority

__all__ = ["SqlOpenRuns"]

_OPEN = sorted(state.value for state in RunState if not state.is_final)


class SqlOpenRuns:
    """Counts runs that have not ended, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def counts(self, *, tenant: str | None = None) -> Sequence[OpenCount]:
        """Return the counts, of those that there are, of one tenant where one is named."""
        kind = (runs.c.job, runs.c.state, runs.c.priority)
        statement = (
            select(*kind, func.count().label("counted"))
            .where(runs.c.state.in_(_OPEN))
            .group_by(*kind)
        )
        if tenant is not None:
            statement = statement.where(runs.c.tenant == tenant)
        return statements.read(self._connection, statement, _count_of)


def _count_of(row: Row[Any]) -> OpenCount:
    return OpenCount(
        job=JobKind(row.job),
        state=RunState(row.state),
        priority=None if row.priority is None else Priority(row.priority),
        count=row.counted,
    )
