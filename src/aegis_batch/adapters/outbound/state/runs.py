"""The ledger of runs, in a table."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    bindparam,
    exists,
    select,
    union_all,
)

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.documents import (
    problem_of,
    problem_text,
    seal_of,
    seal_text,
)
from aegis_batch.adapters.outbound.state.keys import key_columns, key_of
from aegis_batch.adapters.outbound.state.tables import runs, seals
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.run_statistics import RunFigures

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
    "backend",
    "orders",
    "duration_ms",
    "cpu_seconds",
    "peak_memory_bytes",
    "requests",
)


_FIGURES = (
    *("id", "job", "tenant", "period_kind", "first_day", "state", "enqueued_at", "started_at"),
    *("duration_ms", "cpu_seconds", "requests", "orders"),
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
        update = runs.update().where(runs.c.id == bindparam("known"))
        row = {**_row_of(record), "known": record.id}
        if self._connection.execute(update, row).rowcount == 0:
            raise KeyError(record.id)

    def search(self, wanted: RunFilter, limit: int) -> Sequence[RunRecord]:
        """Return the runs that a filter lets through, in its order, at most ``limit``."""
        statement = select(runs).where(*_conditions(wanted))
        if len(wanted.states) == 1:
            statement = statement.where(runs.c.state == _states(wanted)[0])
        elif wanted.states:
            statement = select(runs).where(runs.c.id.in_(_ids_by_state(wanted, limit)))
        return self._read(_first(statement, wanted, limit))

    def figures(self, first_day: date, last_day: date, limit: int) -> Sequence[RunFigures]:
        """Return the figures of the runs about some days, newest first, at most ``limit``."""
        statement = select(*(runs.c[name] for name in _FIGURES)).where(
            runs.c.first_day.between(first_day, last_day)
        )
        newest = statement.order_by(runs.c.enqueued_at.desc(), runs.c.id.desc()).limit(limit)
        return statements.read(self._connection, newest, _figures_of)

    def _read(self, statement: Select[Any]) -> Sequence[RunRecord]:
        return statements.read(self._connection, statement, _record_of)


def _first(statement: Select[Any], wanted: RunFilter, limit: int) -> Select[Any]:
    place = (runs.c.enqueued_at, runs.c.id)
    if wanted.oldest_first:
        return statement.order_by(*place).limit(limit)
    return statement.order_by(*(column.desc() for column in place)).limit(limit)


def _ids_by_state(wanted: RunFilter, limit: int) -> CompoundSelect[Any]:
    # One part a state, each of which an index answers in order. Asked for all at once, SQLite
    # looks for them among all the runs that a schedule, or a key, ever had.
    conditions = _conditions(wanted)
    parts = (
        select(runs.c.id).where(runs.c.state == state, *conditions) for state in _states(wanted)
    )
    return union_all(*(select(_first(part, wanted, limit).subquery()) for part in parts))


def _states(wanted: RunFilter) -> list[str]:
    # In one order, so that the statement has the same text each time.
    return sorted(state.value for state in wanted.states)


def _conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    asked: dict[str, object] = {
        "job": None if wanted.job is None else wanted.job.value,
        "first_day": wanted.day,
        "schedule": wanted.schedule,
        "parent": wanted.parent,
        "backend": wanted.backend,
    }
    columns = {name: value for name, value in asked.items() if value is not None}
    conditions = [runs.c[name] == value for name, value in columns.items()]
    if wanted.key is not None:
        conditions += [runs.c[name] == value for name, value in key_columns(wanted.key).items()]
    if wanted.unlinked:
        conditions += [
            runs.c.state == RunState.SUCCEEDED.value,
            runs.c.seal.is_not(None),
            runs.c.requests.is_not(None),
            ~exists().where(
                seals.c.run_id == runs.c.id, seals.c.tenant == runs.c.tenant, seals.c.number > 0
            ),
        ]
    return conditions


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


def _figures_of(row: Row[Any]) -> RunFigures:
    key = key_of(row)
    return RunFigures(
        run_id=row.id,
        job=JobKind(row.job),
        tenant=key.tenant,
        period=key.period,
        state=RunState(row.state),
        enqueued_at=row.enqueued_at,
        started_at=row.started_at,
        duration_ms=row.duration_ms,
        cpu_seconds=row.cpu_seconds,
        requests=row.requests,
        orders=row.orders,
    )
