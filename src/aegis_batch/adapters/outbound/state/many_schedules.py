"""Many schedules at once, in a table."""

from collections.abc import Collection, Mapping
from itertools import islice

from sqlalchemy import Connection, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.schedules import schedule_of
from aegis_batch.adapters.outbound.state.tables import schedules
from aegis_batch.domain.schedule import ScheduleState

__all__ = ["SqlManySchedules"]

_NAMES_A_STATEMENT = 500


class SqlManySchedules:
    """Looks up many schedules, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def of(self, names: Collection[str]) -> Mapping[str, ScheduleState]:
        """Return those of these schedules that there are, by their names."""
        found: dict[str, ScheduleState] = {}
        remaining = iter(sorted(names))
        while some := list(islice(remaining, _NAMES_A_STATEMENT)):
            statement = select(schedules).where(schedules.c.name.in_(some))
            states = statements.read(self._connection, statement, schedule_of)
            found |= {state.schedule.name: state for state in states}
        return found
