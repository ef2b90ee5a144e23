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
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.documents import (
    problem_of,
    problem_text,
    seal_of,
    seal_text,
)
from aegis_batch.adapters.outbound.state.job_documents import task_of, task_text
from aegis_batch.adapters.outbound.state.keys import key_columns, key_of
from aegis_batch.adapters.outbound.state.tables import TIMED_OUT_SQL, runs, seals
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.run_statistics import RunFigures

__all__ = ["SqlRuns", "record_of", "row_of_run"]

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
    "zone_name",
    "fence",
    "queue",
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
        if not statements.add_new(self._connection, runs, row_of_run(record)):
            raise ValueError(f"known already: {record.id}")

    def get(self, run_id: str) -> RunRecord | None:
        """Return a run; ``None`` where there is none with this id."""
        found = self._read(select(runs).where(runs.c.id == run_id))
        return found[0] if found else None

    def save(self, record: RunRecord) -> None:
        """Keep a known run as it is now; ``KeyError`` where it isn't known."""
        update = runs.update().where(runs.c.id == bindparam("known"))
        row = {**row_of_run(record), "known": record.id}
        if self._connection.execute(update, row).rowcount == 0:
            raise KeyError(record.id)

    def search(self, wanted: RunFilter, limit: int) -> Sequence[RunRecord]:
        """Return the runs that a filter lets through, in its order, at most ``limit``."""
        statement = select(runs).where(*_conditions(wanted))
        if len(wanted.states) == 1:
            # Those that have timed out are few, and have an index of their own.
            state = _seen(runs.c.state, hidden=_is_of_few(wanted))
            statement = statement.where(state == _states(wanted)[0])
        elif wanted.states:
            statement = select(runs).where(runs.c.id.in_(_ids_by_state(wanted, limit)))
        return self._read(_first(statement, wanted, limit))

    def figures(
        self, first_day: date, last_day: date, limit: int, *, tenant: str | None = None
    ) -> Sequence[RunFigures]:
        """Return the figures of the runs about some days, newest first, at most ``limit``."""
        statement = select(*(runs.c[name] for name in _FIGURES)).where(
            runs.c.first_day.between(first_day, last_day)
        )
        if tenant is not None:
            statement = statement.where(runs.c.tenant == tenant)
        newest = statement.order_by(runs.c.enqueued_at.desc(), runs.c.id.desc()).limit(limit)
        return statements.read(self._connection, newest, _figures_of)

    def _read(self, statement: Select[Any]) -> Sequence[RunRecord]:
        return statements.read(self._connection, statement, record_of)


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


def _is_of_few(wanted: RunFilter) -> bool:
    return wanted.timed_out is True and wanted.tenant is None and wanted.schedule is None


def _seen(column: ColumnElement[Any], *, hidden: bool) -> ColumnElement[Any]:
    return func.coalesce(column, column) if hidden else column


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
    if wanted.tenant is not None:
        # Of one schedule there are few. Without statistics SQLite may look through all that a
        # tenant has in their place, and so is not to see that there is an index for those.
        tenant = _seen(runs.c.tenant, hidden=wanted.schedule is not None)
        conditions.append(tenant == wanted.tenant)
    if wanted.key is not None:
        conditions += [runs.c[name] == value for name, value in key_columns(wanted.key).items()]
    if wanted.before is not None:
        conditions.append(tuple_(runs.c.enqueued_at, runs.c.id) < wanted.before)
    if wanted.timed_out is not None:
        has = TIMED_OUT_SQL
        said = has if wanted.timed_out else f"(problem IS NULL OR NOT {has})"
        conditions.append(literal_column(said))
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


def row_of_run(record: RunRecord) -> dict[str, object]:
    """Return a run as a row."""
    return {
        **{name: getattr(record, name) for name in _PLAIN},
        **key_columns(record.key),
        "job": record.job.value,
        "trigger": record.trigger.value,
        "state": record.state.value,
        "outcome": None if record.outcome is None else record.outcome.value,
        "seal": None if record.seal is None else seal_text(record.seal),
        "problem": None if record.problem is None else problem_text(record.problem),
        "task": None if record.task is None else task_text(record.task),
        "priority": None if record.task is None else record.task.priority.value,
    }


def record_of(row: Row[Any]) -> RunRecord:
    """Return the run in a row."""
    return RunRecord(
        **{name: getattr(row, name) for name in _PLAIN},
        key=key_of(row),
        job=JobKind(row.job),
        trigger=Trigger(row.trigger),
        state=RunState(row.state),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        seal=None if row.seal is None else seal_of(row.seal),
        problem=None if row.problem is None else problem_of(row.problem),
        task=None if row.task is None else task_of(row.task),
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
