"""The state, in a database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from aegis_batch.adapters.outbound.state.audit_trail import SqlAuditTrail
from aegis_batch.adapters.outbound.state.backfills import SqlBackfills
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.dead_letters import SqlDeadLetters
from aegis_batch.adapters.outbound.state.notices import SqlNotices
from aegis_batch.adapters.outbound.state.occurrences import SqlOccurrences
from aegis_batch.adapters.outbound.state.retention import SqlRetention
from aegis_batch.adapters.outbound.state.runs import SqlRuns
from aegis_batch.adapters.outbound.state.schedules import SqlSchedules
from aegis_batch.adapters.outbound.state.seals import SqlSeals
from aegis_batch.adapters.outbound.state.timeline import SqlTimeline
from aegis_batch.adapters.outbound.state.turn import SqlTurn
from aegis_batch.adapters.outbound.state.verifications import SqlVerifications
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.ports.work_intake import WorkIntake

__all__ = ["SqlState"]


class SqlState:
    """Keeps the state in tables, and whatever queues work in the same transactions."""

    def __init__(
        self, database: StateDatabase, intake_of: Callable[[Connection], WorkIntake]
    ) -> None:
        """Take the database, and what makes an intake of work on a transaction's connection."""
        self._database = database
        self._intake_of = intake_of

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Open a transaction: committed where the context ends well, undone where it doesn't."""
        with self._database.writing() as connection:
            yield self._turn_on(connection)

    @contextmanager
    def look(self) -> Iterator[Turn]:
        """Open a transaction to read in, beside whoever writes; always undone."""
        with self._database.reading() as connection:
            yield self._turn_on(connection)

    def _turn_on(self, connection: Connection) -> Turn:
        return SqlTurn(
            schedules=SqlSchedules(connection),
            occurrences=SqlOccurrences(connection),
            runs=SqlRuns(connection),
            timeline=SqlTimeline(connection),
            dead_letters=SqlDeadLetters(connection),
            seals=SqlSeals(connection),
            retention=SqlRetention(connection),
            verifications=SqlVerifications(connection),
            backfills=SqlBackfills(connection),
            audit=SqlAuditTrail(connection),
            notices=SqlNotices(connection),
            work=self._intake_of(connection),
        )
