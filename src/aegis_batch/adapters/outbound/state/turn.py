"""One transaction on the state in a database, with all its parts."""

from dataclasses import dataclass

from aegis_batch.adapters.outbound.state.answered_requests import SqlAnsweredRequests
from aegis_batch.adapters.outbound.state.audit_trail import SqlAuditTrail
from aegis_batch.adapters.outbound.state.backfill_tenants import SqlBackfillTenants
from aegis_batch.adapters.outbound.state.backfills import SqlBackfills
from aegis_batch.adapters.outbound.state.breakers import SqlBreakers
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
from aegis_batch.adapters.outbound.state.rate_limits import SqlRateLimits
from aegis_batch.adapters.outbound.state.retention import SqlRetention
from aegis_batch.adapters.outbound.state.runs import SqlRuns
from aegis_batch.adapters.outbound.state.scheduler_pauses import SqlSchedulerPauses
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
    many_runs: SqlManyRuns
    timeline: SqlTimeline
    dead_letters: SqlDeadLetters
    seals: SqlSeals
    many_seals: SqlManySeals
    many_schedules: SqlManySchedules
    retention: SqlRetention
    verifications: SqlVerifications
    backfills: SqlBackfills
    backfill_tenants: SqlBackfillTenants
    audit: SqlAuditTrail
    notices: SqlNotices
    executors: SqlExecutors
    leases: SqlLeases
    breakers: SqlBreakers
    rate_limits: SqlRateLimits
    known_tenants: SqlKnownTenants
    answered_requests: SqlAnsweredRequests
    job_definitions: SqlJobDefinitions
    job_events: SqlJobEvents
    job_results: SqlJobResults
    job_totals: SqlJobTotals
    open_runs: SqlOpenRuns
    scheduler_pauses: SqlSchedulerPauses
    work: WorkIntake
