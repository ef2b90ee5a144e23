"""Backfills, in two tables: one of them, and one of their periods."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, distinct, func, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import backfill_periods, backfills, runs
from aegis_batch.application.ports.backfills import InFlight
from aegis_batch.domain.backfill import (
    Backfill,
    BackfillState,
    Deed,
    Fate,
    PeriodStanding,
    PlannedPeriod,
    Reprocess,
)
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import RunState

__all__ = ["SqlBackfills"]

# Fields that stand in a column of their own name as they are.
_PLAIN = (
    "id",
    "tenant",
    "first_day",
    "last_day",
    "newest_first",
    "max_active",
    "planned_by",
    "planned_at",
    "backend",
    "to_do",
    "next_day",
    "started_by",
    "started_at",
    "ended_at",
    "done",
    "failed",
    "skipped",
    "zone_name",
    "next_tenant",
)
_IN_FLIGHT = [RunState.QUEUED.value, RunState.RUNNING.value, RunState.WAITING.value]


class SqlBackfills:
    """Keeps backfills by their id, and the periods of each, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def save(self, backfill: Backfill, periods: Sequence[PlannedPeriod] = ()) -> None:
        """Keep a backfill and these of its periods, in the place of what was kept of them."""
        statements.put(self._connection, backfills, _row_of(backfill))
        if periods:
            rows = [_period_row(backfill, period) for period in periods]
            statements.put(self._connection, backfill_periods, rows)

    def get(self, backfill_id: str) -> Backfill | None:
        """Return a backfill; ``None`` where there is none with this id."""
        statement = select(backfills).where(backfills.c.id == backfill_id)
        found = statements.read(self._connection, statement, _backfill_of)
        return found[0] if found else None

    def newest(self, limit: int) -> Sequence[Backfill]:
        """Return backfills, the one that was planned last first."""
        newest_first = (backfills.c.planned_at.desc(), backfills.c.id.desc())
        statement = select(backfills).order_by(*newest_first).limit(limit)
        return statements.read(self._connection, statement, _backfill_of)

    def periods(
        self, backfill_id: str, start: date | None, limit: int, *, newest_first: bool = False
    ) -> Sequence[PlannedPeriod]:
        """Return periods of a backfill in the order of their days, at most ``limit``."""
        day = backfill_periods.c.first_day
        kind = backfills.c.period_kind
        statement = (
            select(backfill_periods, kind)
            .join(backfills, backfills.c.id == backfill_periods.c.backfill_id)
            .where(backfill_periods.c.backfill_id == backfill_id)
        )
        if start is not None:
            statement = statement.where(day <= start if newest_first else day >= start)
        statement = statement.order_by(day.desc() if newest_first else day).limit(limit)
        return statements.read(self._connection, statement, _period_of)

    def in_flight(self, backfill_id: str) -> InFlight:
        """Return how much work at runs of a backfill has not come to an end."""
        works = func.count(distinct(runs.c.work_id))
        is_waiting = runs.c.state == RunState.WAITING.value
        statement = select(works.filter(~is_waiting), works.filter(is_waiting)).where(
            runs.c.parent == backfill_id, runs.c.state.in_(_IN_FLIGHT)
        )
        active, waiting = self._connection.execute(statement).one()
        return InFlight(active, waiting)


def _row_of(backfill: Backfill) -> dict[str, object]:
    return {
        **{name: getattr(backfill, name) for name in _PLAIN},
        "period_kind": backfill.kind.value,
        "reprocess": backfill.reprocess.value,
        "state": backfill.state.value,
    }


def _period_row(backfill: Backfill, period: PlannedPeriod) -> dict[str, object]:
    return {
        "backfill_id": backfill.id,
        "first_day": period.period.first_day,
        "standing": period.standing.value,
        "deed": period.deed.value,
        "run_id": period.run_id,
        "fate": None if period.fate is None else period.fate.value,
    }


def _backfill_of(row: Row[Any]) -> Backfill:
    return Backfill(
        **{name: getattr(row, name) for name in _PLAIN},
        kind=PeriodKind(row.period_kind),
        reprocess=Reprocess(row.reprocess),
        state=BackfillState(row.state),
    )


def _period_of(row: Row[Any]) -> PlannedPeriod:
    return PlannedPeriod(
        period=Period(PeriodKind(row.period_kind), row.first_day),
        standing=PeriodStanding(row.standing),
        deed=Deed(row.deed),
        run_id=row.run_id,
        fate=None if row.fate is None else Fate(row.fate),
    )
