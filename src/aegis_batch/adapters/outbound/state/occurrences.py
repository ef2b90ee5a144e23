"""Decisions about nominal times, in a table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import occurrences
from aegis_batch.domain.schedule import Decision, Occurrence

__all__ = ["SqlOccurrences"]


class SqlOccurrences:
    """Keeps one decision for each schedule and nominal time, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, occurrence: Occurrence) -> None:
        """Keep a decision; ``ValueError`` where that nominal time was decided before."""
        row = {
            "schedule": occurrence.schedule,
            "nominal": occurrence.nominal,
            "decided_at": occurrence.decided_at,
            "decision": occurrence.decision.value,
            "reason": occurrence.reason,
            "run_id": occurrence.run_id,
        }
        if not statements.add_new(self._connection, occurrences, row):
            raise ValueError(f"decided before: {occurrence.schedule}, {occurrence.nominal}")

    def find(self, schedule: str, nominal: datetime) -> Occurrence | None:
        """Return the decision about a nominal time; ``None`` where it has not been decided."""
        statement = select(occurrences).where(
            occurrences.c.schedule == schedule, occurrences.c.nominal == nominal
        )
        found = statements.read(self._connection, statement, _occurrence_of)
        return found[0] if found else None

    def withdraw(self, schedule: str, after: datetime, limit: int) -> Sequence[Occurrence]:
        """Take away the newest decisions about nominal times after an instant; return them."""
        taken = [each for each in self.newest(schedule, limit) if each.nominal > after]
        if taken:
            self._connection.execute(
                occurrences.delete().where(
                    occurrences.c.schedule == schedule,
                    occurrences.c.nominal >= taken[-1].nominal,
                )
            )
        return taken

    def newest(self, schedule: str, limit: int) -> Sequence[Occurrence]:
        """Return the decisions about a schedule's last nominal times, newest first."""
        statement = (
            select(occurrences)
            .where(occurrences.c.schedule == schedule)
            .order_by(occurrences.c.nominal.desc())
            .limit(limit)
        )
        return statements.read(self._connection, statement, _occurrence_of)


def _occurrence_of(row: Row[Any]) -> Occurrence:
    return Occurrence(
        schedule=row.schedule,
        nominal=row.nominal,
        decided_at=row.decided_at,
        decision=Decision(row.decision),
        reason=row.reason,
        run_id=row.run_id,
    )
