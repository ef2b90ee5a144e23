"""Signs of life, in a table."""

from typing import Any

from sqlalchemy import Row, Select, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.tables import executors
from aegis_batch.application.ports.pulse import Beat

__all__ = ["SqlPulse"]


class SqlPulse:
    """Keeps the last sign of life of each executor, for other processes to see."""

    def __init__(self, database: StateDatabase) -> None:
        """Take the database."""
        self._database = database

    def beat(self, beat: Beat) -> None:
        """Keep a sign of life, in the place of the executor's last one."""
        row = {
            "executor": beat.executor,
            "version": beat.version,
            "started_at": beat.started_at,
            "beaten_at": beat.beaten_at,
            "stopped": beat.stopped,
        }
        with self._database.writing() as connection:
            statements.put(connection, executors, row)

    def of(self, executor: str) -> Beat | None:
        """Return the sign of life that an executor gave last; ``None`` where there was none."""
        return self._read(select(executors).where(executors.c.executor == executor))

    def last(self) -> Beat | None:
        """Return the newest sign of life of any executor; ``None`` where there was none ever."""
        newest_first = (executors.c.beaten_at.desc(), executors.c.executor.desc())
        return self._read(select(executors).order_by(*newest_first).limit(1))

    def _read(self, statement: Select[Any]) -> Beat | None:
        with self._database.reading() as connection:
            found = statements.read(connection, statement, _beat_of)
        return found[0] if found else None


def _beat_of(row: Row[Any]) -> Beat:
    return Beat(row.executor, row.version, row.started_at, row.beaten_at, row.stopped)
