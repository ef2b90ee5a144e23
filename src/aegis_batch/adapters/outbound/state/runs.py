"""The ledger of runs, in a table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select, union_all
from sqlalchemy.sql import ColumnCollection

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.documents import (
    problem_of,
    problem_text,
    seal_of,
    seal_text,
)
from aegis_batch.adapters.outbound.state.keys import key_columns, key_of
from aegis_batch.adapters.outbound.state.tables import runs
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["SqlRuns"]

# Fields that stand in a column of their own name as they are.
_PLAIN = (
    "id",
    "trace_id",
    "requested_by",
    "work_id",
    "enqueued_at",
    "due_at",
    "attempt",
    "requeues",
    "nominal",
    "schedule",
    "parent",
    "replay_of",
    "cancel_requested",
    "started_at",
    "ended_at",
    "executor",
    "orders",
    "duration_ms",
    "cpu_seconds",
    "peak_memory_bytes",
)


class SqlRuns:
    """Keeps runs by their id, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, record: RunRecord) -> None:
        """Keep a new run; ``ValueError`` where its id is known."""
        if not statements.add_new(self._connection, runs, _row_of(record)):
            raise ValueError(f"known already: {record.id}")

    def get(self, run_id: str) -> RunRecord | None:
        """Return a run; ``None`` where there is none with this id."""
        found = self._read(select(runs).where(runs.c.id == run_id))
        return found[0] if found else None

    def save(self, record: RunRecord) -> None:
        """Keep a known run as it is now; ``KeyError`` where it isn't known."""
        update = runs.update().where(runs.c.id == record.id).values(_row_of(record))
        if self._connection.execute(update).rowcount == 0:
            raise KeyError(record.id)

    def search(self, wanted: RunFilter, limit: int) -> Sequence[RunRecord]:
        """Return the runs that a filter lets through, in its order, at most ``limit``."""
        statement = _wanted(wanted)
        if not wanted.states:
            return self._read(_first(statement, runs.c, wanted, limit))
        # One part a state, each of which an index answers in order. Asked for all at once, they
        # may be looked for among all the runs that a schedule ever had.
        parts = [
            _first(statement.where(runs.c.state == state.value), runs.c, wanted, limit).subquery()
            for state in sorted(wanted.states)
        ]
        found = union_all(*map(select, parts)).subquery()
        return self._read(_first(select(found), found.c, wanted, limit))

    def _read(self, statement: Select[Any]) -> Sequence[RunRecord]:
        return statements.read(self._connection, statement, _record_of)


def _first(
    statement: Select[Any],
    columns: ColumnCollection[str, Any],
    wanted: RunFilter,
    limit: int,
) -> Select[Any]:
    place = (columns.enqueued_at, columns.id)
    if not wanted.oldest_first:
        place = (columns.enqueued_at.desc(), columns.id.desc())
    return statement.order_by(*place).limit(limit)


def _wanted(wanted: RunFilter) -> Select[Any]:
    statement = select(runs)
    if wanted.job is not None:
        statement = statement.where(runs.c.job == wanted.job.value)
    if wanted.day is not None:
        statement = statement.where(runs.c.first_day == wanted.day)
    if wanted.key is not None:
        columns = key_columns(wanted.key)
        statement = statement.where(*(runs.c[name] == value for name, value in columns.items()))
    if wanted.schedule is not None:
        statement = statement.where(runs.c.schedule == wanted.schedule)
    if wanted.parent is not None:
        statement = statement.where(runs.c.parent == wanted.parent)
    return statement


def _row_of(record: RunRecord) -> dict[str, object]:
    return {
        **{name: getattr(record, name) for name in _PLAIN},
        **key_columns(record.key),
        "job": record.job.value,
        "trigger": record.trigger.value,
        "state": record.state.value,
        "outcome": None if record.outcome is None else record.outcome.value,
        "seal": None if record.seal is None else seal_text(record.seal),
        "problem": None if record.problem is None else problem_text(record.problem),
    }


def _record_of(row: Row[Any]) -> RunRecord:
    return RunRecord(
        **{name: getattr(row, name) for name in _PLAIN},
        key=key_of(row),
        job=JobKind(row.job),
        trigger=Trigger(row.trigger),
        state=RunState(row.state),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        seal=None if row.seal is None else seal_of(row.seal),
        problem=None if row.problem is None else problem_of(row.problem),
    )
