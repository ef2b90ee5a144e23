"""Many runs at a time, in a table."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, bindparam, literal, select, union_all

from aegis_batch.adapters.outbound.state import in_bulk, statements
from aegis_batch.adapters.outbound.state.keys import key_of
from aegis_batch.adapters.outbound.state.runs import record_of, row_of_run
from aegis_batch.adapters.outbound.state.tables import dead_letters, runs
from aegis_batch.application.ports.many_runs import CloseFact
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["SqlManyRuns"]

_WITH_WORK = [RunState.QUEUED.value, RunState.RUNNING.value, RunState.WAITING.value]


class SqlManyRuns:
    """Keeps many runs with a few statements, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, records: Sequence[RunRecord]) -> None:
        """Keep new runs; ``ValueError`` where the id of any is known."""
        rows = [row_of_run(record) for record in records]
        if not statements.add_all_new(self._connection, runs, rows):
            raise ValueError("known already: the id of a run")

    def save(self, records: Sequence[RunRecord]) -> None:
        """Keep known runs as they are now; ``KeyError`` where any isn't known."""
        if not records:
            return
        rows = [row_of_run(record) for record in records]
        if in_bulk.works_on(self._connection):
            known = in_bulk.update_rows(self._connection, runs, rows)
        else:
            update = runs.update().where(runs.c.id == bindparam("known"))
            named = [{**row, "known": row["id"]} for row in rows]
            known = self._connection.execute(update, named).rowcount
        if known != len(rows):
            raise KeyError(records[0].id)

    def of_work(self, work_id: str, among: Collection[str] | None = None) -> Sequence[RunRecord]:
        """Return the runs that a piece of work is the present attempt at, in order of their ids."""
        statement = select(runs).where(runs.c.work_id == work_id).order_by(runs.c.id)
        if among is not None:
            statement = statement.where(statements.is_any_of(self._connection, runs.c.id, among))
        return statements.read(self._connection, statement, record_of)

    def works(self, after: str, limit: int) -> Sequence[str]:
        """Return the ids of work at runs that were begun or wait to be, behind one, in order."""
        statement = (
            select(runs.c.work_id)
            .where(runs.c.state.in_(_WITH_WORK), runs.c.work_id > after)
            .distinct()
            .order_by(runs.c.work_id)
            .limit(limit)
        )
        return self._connection.scalars(statement).all()

    def closes(
        self,
        tenants: Collection[str],
        first_day: date,
        last_day: date,
        *,
        kind: PeriodKind = PeriodKind.DAY,
        job: JobKind = JobKind.CLOSE,
    ) -> Sequence[CloseFact]:
        """Return facts about the closes of periods; see the port."""
        going = select(
            *(runs.c[name] for name in ("tenant", "period_kind", "first_day")),
            runs.c.id.label("run_id"),
            runs.c.state,
            runs.c.backend,
        ).where(
            statements.is_any_of(self._connection, runs.c.tenant, tenants),
            runs.c.period_kind == kind.value,
            runs.c.first_day.between(first_day, last_day),
            runs.c.job == job.value,
            runs.c.state.not_in([RunState.FAILED.value, RunState.CANCELLED.value]),
        )
        dead = select(
            *(dead_letters.c[name] for name in ("tenant", "period_kind", "first_day", "run_id")),
            literal(RunState.FAILED.value).label("state"),
            literal(None, runs.c.backend.type).label("backend"),
        ).where(
            statements.is_any_of(self._connection, dead_letters.c.tenant, tenants),
            dead_letters.c.period_kind == kind.value,
            dead_letters.c.first_day.between(first_day, last_day),
            dead_letters.c.state == DeadLetterState.OPEN.value,
            dead_letters.c.job == job.value,
        )
        facts = union_all(going, dead).subquery("facts")
        return statements.read(self._connection, select(facts), _fact_of)


def _fact_of(row: Row[Any]) -> CloseFact:
    return CloseFact(key_of(row), row.run_id, RunState(row.state), row.backend)
