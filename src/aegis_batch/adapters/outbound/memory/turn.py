"""One transaction on the state in memory, with all its parts."""

from dataclasses import dataclass

from aegis_batch.adapters.outbound.memory.answered_requests import InMemoryAnsweredRequests
from aegis_batch.adapters.outbound.memory.audit_trail import InMemoryAuditTrail
from aegis_batch.adapters.outbound.memory.backfill_tenants import InMemoryBackfillTenants
from aegis_batch.adapters.outbound.memory.backfills import InMemoryBackfills
from aegis_batch.adapters.outbound.memory.breakers import InMemoryBreakers
from aegis_batch.adapters.outbound.memory.dead_letters import InMemoryDeadLetters
from aegis_batch.adapters.outbound.memory.executors import InMemoryExecutors
from aegis_batch.adapters.outbound.memory.job_definitions import InMemoryJobDefinitions
from aegis_batch.adapters.outbound.memory.job_events import InMemoryJobEvents
from aegis_batch.adapters.outbound.memory.job_results import InMemoryJobResults
from aegis_batch.adapters.outbound.memory.job_totals import InMemoryJobTotals
from aegis_batch.adapters.outbound.memory.known_tenants import InMemoryKnownTenants
from aegis_batch.adapters.outbound.memory.leases import InMemoryLeases
from aegis_batch.adapters.outbound.memory.many_runs import InMemoryManyRuns
from aegis_batch.adapters.outbound.memory.many_schedules import InMemoryManySchedules
from aegis_batch.adapters.outbound.memory.many_seals import InMemoryManySeals
from aegis_batch.adapters.outbound.memory.notices import InMemoryNotices
from aegis_batch.adapters.outbound.memory.occurrences import InMemoryOccurrences
from aegis_batch.adapters.outbound.memory.open_runs import InMemoryOpenRuns
from aegis_batch.adapters.outbound.memory.rate_limits import InMemoryRateLimits
from aegis_batch.adapters.outbound.memory.retention import InMemoryRetention
from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
from aegis_batch.adapters.outbound.memory.scheduler_pauses import InMemorySchedulerPauses
from aegis_batch.adapters.outbound.memory.schedules import InMemorySchedules
from aegis_batch.adapters.outbound.memory.seals import InMemorySeals
from aegis_batch.adapters.outbound.memory.timeline import InMemoryTimeline
from aegis_batch.adapters.outbound.memory.verifications import InMemoryVerifications
from aegis_batch.adapters.outbound.memory.work_intake import InMemoryWorkIntake

__all__ = ["InMemoryTurn"]


@dataclass(frozen=True, slots=True)
class InMemoryTurn:
    """One transaction on the state in memory; see the port."""

    schedules: InMemorySchedules
    occurrences: InMemoryOccurrences
    runs: InMemoryRuns
    many_runs: InMemoryManyRuns
    timeline: InMemoryTimeline
    dead_letters: InMemoryDeadLetters
    seals: InMemorySeals
    many_seals: InMemoryManySeals
    many_schedules: InMemoryManySchedules
    retention: InMemoryRetention
    verifications: InMemoryVerifications
    backfills: InMemoryBackfills
    backfill_tenants: InMemoryBackfillTenants
    audit: InMemoryAuditTrail
    notices: InMemoryNotices
    executors: InMemoryExecutors
    leases: InMemoryLeases
    breakers: InMemoryBreakers
    rate_limits: InMemoryRateLimits
    known_tenants: InMemoryKnownTenants
    answered_requests: InMemoryAnsweredRequests
    job_definitions: InMemoryJobDefinitions
    job_events: InMemoryJobEvents
    job_results: InMemoryJobResults
    job_totals: InMemoryJobTotals
    open_runs: InMemoryOpenRuns
    scheduler_pauses: InMemorySchedulerPauses
    work: InMemoryWorkIntake
