"""Pauses of the whole scheduler, and of groups of jobs, in a table."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.job_tables import scheduler_pauses
from aegis_batch.domain.schedule import Pause

__all__ = ["SqlSchedulerPauses"]


class SqlSchedulerPauses:
    """Keeps pauses by their scope, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def all(self) -> Mapping[str, Pause]:
        """Return the pauses that there are, by their scope."""
        return dict(statements.read(self._connection, select(scheduler_pauses), _pause_of))

    def save(self, scope: str, pause: Pause) -> None:
        """Keep a pause, in the place of the one of the same scope."""
        row = {"scope": scope, "by": pause.by, "at": pause.at, "note": pause.note}
        statements.put(self._connection, scheduler_pauses, row)

    def remove(self, scope: str) -> None:
        """Take a pause away; where there is none, nothing happens."""
        statement = delete(scheduler_pauses).where(scheduler_pauses.c.scope == scope)
        self._connection.execute(statement)


def _pause_of(row: Row[Any]) -> tuple[str, Pause]:
    return row.scope, Pause(row.by, row.at, row.note)
