"""One transaction on the state in a database, with all its parts."""

from dataclasses import dataclass

from aegis_batch.adapters.outbound.state.audit_trail import SqlAuditTrail
from aegis_batch.adapters.outbound.state.backfills import SqlBackfills
from aegis_batch.adapters.outbound.state.dead_letters import SqlDeadLetters
from aegis_batch.adapters.outbound.state.notices import SqlNotices
from aegis_batch.adapters.outbound.state.occurrences import SqlOccurrences
from aegis_batch.adapters.outbound.state.retention import SqlRetention
from aegis_batch.adapters.outbound.state.runs import SqlRuns
from aegis_batch.adapters.outbound.state.schedules import SqlSchedules
from aegis_batch.adapters.outbound.state.seals import SqlSeals
from aegis_batch.adapters.outbound.state.timeline import SqlTimeline
from aegis_batch.adapters.outbound.state.verifications import SqlVerifications
from aegis_batch.application.ports.work_intake import WorkIntake

__all__ = ["SqlTurn"]


@dataclass(frozen=True, slots=True)
class SqlTurn:
    """One transaction on the state in a database; see the port."""

    schedules: SqlSchedules
    occurrences: SqlOccurrences
    runs: SqlRuns
    timeline: SqlTimeline
    dead_letters: SqlDeadLetters
    seals: SqlSeals
    retention: SqlRetention
    verifications: SqlVerifications
    backfills: SqlBackfills
    audit: SqlAuditTrail
    notices: SqlNotices
    work: WorkIntake
