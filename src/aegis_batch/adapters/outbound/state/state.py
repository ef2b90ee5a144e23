"""The state, in a database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection

from aegis_batch.adapters.outbound.state.answered_requests import SqlAnsweredRequests
from aegis_batch.adapters.outbound.state.audit_trail import SqlAuditTrail
from aegis_batch.adapters.outbound.state.backfill_tenants import SqlBackfillTenants
from aegis_batch.adapters.outbound.state.backfills import SqlBackfills
from aegis_batch.adapters.outbound.state.breakers import SqlBreakers
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.dead_letters import SqlDeadLetters
from aegis_batch.adapters.outbound.state.executors import SqlExecutors
from aegis_batch.adapters.outbound.state.job_definitions import SqlJobDefinitions
from aegis_batch.adapters.outbound.state.job_events import SqlJobEvents
from aegis_batch.adapters.outbound.state.job_results import SqlJobResults
from aegis_batch.adapters.outbound.state.job_totals import SqlJobTotals
from aegis_batch.adapters.outbound.state.known_tenants import SqlKnownTenants
from aegis_batch.adapters.outbound.state.leases import SqlLeases
from aegis_batch.adapters.outbound.state.many_runs import SqlManyRuns
from aegis_batch.adapters.outbound.state.many_schedules import SqlManySchedules
from aegis_batch.adapters.outbound.state.many_seals import SqlManySeals
from aegis_batch.adapters.outbound.state.notices import SqlNotices
from aegis_batch.adapters.outbound.state.occurrences import SqlOccurrences
from aegis_batch.adapters.outbound.state.open_runs import SqlOpenRuns
from aegis_batch.adapters.outbound.state.present_time import present_time
from aegis_batch.adapters.outbound.state.rate_limits import SqlRateLimits
from aegis_batch.adapters.outbound.state.retention import SqlRetention
from aegis_batch.adapters.outbound.state.runs import SqlRuns
from aegis_batch.adapters.outbound.state.scheduler_pauses import SqlSchedulerPauses
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
        self,
        database: StateDatabase,
        intake_of: Callable[[Connection], WorkIntake],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the database, and what makes an intake of work on a transaction's connection.

        ``now`` tells when executors give signs of life, where the database has no clock of its own.
        """
        self._database = database
        self._intake_of = intake_of
        self._now = now

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
        now = partial(present_time, connection, self._now)
        return SqlTurn(
            schedules=SqlSchedules(connection),
            occurrences=SqlOccurrences(connection),
            runs=SqlRuns(connection),
            many_runs=SqlManyRuns(connection),
            timeline=SqlTimeline(connection),
            dead_letters=SqlDeadLetters(connection),
            seals=SqlSeals(connection),
            many_seals=SqlManySeals(connection),
            many_schedules=SqlManySchedules(connection),
            retention=SqlRetention(connection),
            verifications=SqlVerifications(connection),
            backfills=SqlBackfills(connection),
            backfill_tenants=SqlBackfillTenants(connection),
            audit=SqlAuditTrail(connection),
            known_tenants=SqlKnownTenants(connection),
            notices=SqlNotices(connection),
            executors=SqlExecutors(connection, now),
            leases=SqlLeases(connection, now),
            breakers=SqlBreakers(connection),
            rate_limits=SqlRateLimits(connection, now),
            answered_requests=SqlAnsweredRequests(connection),
            job_definitions=SqlJobDefinitions(connection),
            job_events=SqlJobEvents(connection),
            job_results=SqlJobResults(connection),
            job_totals=SqlJobTotals(connection),
            open_runs=SqlOpenRuns(connection),
            scheduler_pauses=SqlSchedulerPauses(connection),
            work=self._intake_of(connection),
        )
