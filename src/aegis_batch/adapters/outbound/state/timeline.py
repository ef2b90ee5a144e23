"""The history of single runs, in a table."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from aegis_batch.adapters.outbound.state import in_bulk, statements
from aegis_batch.adapters.outbound.state.tables import timeline
from aegis_batch.domain.run_record import TimelineEntry

__all__ = ["SqlTimeline"]

_ENTRIES_MAX = 200


class SqlTimeline:
    """Keeps the last entries of each run, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, entries: Sequence[TimelineEntry]) -> None:
        """Keep entries behind those that their runs have; the oldest give way."""
        if not entries:
            return
        rows = [
            {"run_id": entry.run_id, "at": entry.at, "name": entry.name, "text": entry.text}
            for entry in entries
        ]
        if in_bulk.works_on(self._connection):
            in_bulk.insert_rows(self._connection, timeline, rows)
        else:
            self._connection.execute(timeline.insert(), rows)
        for run_id in self._too_long({entry.run_id for entry in entries}):
            self._shorten(run_id)

    def of(self, run_id: str) -> Sequence[TimelineEntry]:
        """Return the entries of a run, in the order in which they were added."""
        statement = select(timeline).where(timeline.c.run_id == run_id).order_by(timeline.c.id)
        return statements.read(self._connection, statement, _entry_of)

    def _too_long(self, run_ids: Collection[str]) -> Sequence[str]:
        """Return those of the runs that have more entries than they may."""
        statement = (
            select(timeline.c.run_id)
            .where(statements.is_any_of(self._connection, timeline.c.run_id, run_ids))
            .group_by(timeline.c.run_id)
            .having(func.count() > _ENTRIES_MAX)
        )
        return self._connection.scalars(statement).all()

    def _shorten(self, run_id: str) -> None:
        newest_to_go = (
            select(timeline.c.id)
            .where(timeline.c.run_id == run_id)
            .order_by(timeline.c.id.desc())
            .limit(1)
            .offset(_ENTRIES_MAX)
        ).scalar_subquery()
        self._connection.execute(
            timeline.delete().where(timeline.c.run_id == run_id, timeline.c.id <= newest_to_go)
        )


def _entry_of(row: Row[Any]) -> TimelineEntry:
    return TimelineEntry(run_id=row.run_id, at=row.at, name=row.name, text=row.text)
