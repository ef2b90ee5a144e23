"""Forgets old history, in tables."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, or_, select, tuple_

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import (
    dead_letters,
    executors,
    forgotten,
    occurrences,
    runs,
    timeline,
)

__all__ = ["SqlRetention"]

_RUNS = "runs"


class SqlRetention:
    """Deletes old history within a transaction, oldest first."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def forget_runs(self, ended_before: datetime, limit: int) -> int:
        """Delete runs that ended before an instant, with their timelines; return how many."""
        is_dead = select(dead_letters.c.run_id).where(dead_letters.c.run_id == runs.c.id).exists()
        old = select(runs.c.id).where(runs.c.ended_at < ended_before, ~is_dead)
        ids = self._connection.scalars(old.order_by(runs.c.ended_at, runs.c.id).limit(limit)).all()
        if ids:
            # One row a statement: a list of ids would be a new text for each length.
            rows = [{"known": run_id} for run_id in ids]
            self._connection.execute(
                delete(timeline).where(timeline.c.run_id == bindparam("known")), rows
            )
            self._connection.execute(delete(runs).where(runs.c.id == bindparam("known")), rows)
            latest = self.runs_forgotten_before()
            if latest is None or latest < ended_before:
                row = {"kind": _RUNS, "before": ended_before}
                statements.put(self._connection, forgotten, row)
        return len(ids)

    def forget_executors(self, silent_since: datetime, limit: int) -> int:
        """Delete executors that are gone and were heard last before an instant; return how many."""
        is_gone = or_(executors.c.stopped, executors.c.buried)
        old = select(executors.c.executor).where(is_gone, executors.c.beaten_at < silent_since)
        oldest = old.order_by(executors.c.beaten_at, executors.c.executor).limit(limit)
        return self._connection.execute(
            delete(executors).where(executors.c.executor.in_(oldest))
        ).rowcount

    def runs_forgotten_before(self) -> datetime | None:
        """Return the latest instant that runs were deleted up to; ``None`` if none ever was."""
        statement = select(forgotten.c.before).where(forgotten.c.kind == _RUNS)
        found = statements.read(self._connection, statement, lambda row: row)
        return found[0].before if found else None

    def forget_occurrences(self, decided_before: datetime, limit: int) -> int:
        """Delete decisions made before an instant; return how many."""
        key = (occurrences.c.schedule, occurrences.c.nominal)
        place = (occurrences.c.decided_at, *key)
        old = select(*key).where(occurrences.c.decided_at < decided_before)
        oldest = old.order_by(*place).limit(limit)
        return self._connection.execute(
            delete(occurrences).where(tuple_(*key).in_(oldest))
        ).rowcount
