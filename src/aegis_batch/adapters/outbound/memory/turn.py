"""One transaction on the state in memory, with all its parts."""

from dataclasses import dataclass

from aegis_batch.adapters.outbound.memory.audit_trail import InMemoryAuditTrail
from aegis_batch.adapters.outbound.memory.backfills import InMemoryBackfills
from aegis_batch.adapters.outbound.memory.dead_letters import InMemoryDeadLetters
from aegis_batch.adapters.outbound.memory.notices import InMemoryNotices
from aegis_batch.adapters.outbound.memory.occurrences import InMemoryOccurrences
from aegis_batch.adapters.outbound.memory.retention import InMemoryRetention
from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
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
    timeline: InMemoryTimeline
    dead_letters: InMemoryDeadLetters
    seals: InMemorySeals
    retention: InMemoryRetention
    verifications: InMemoryVerifications
    backfills: InMemoryBackfills
    audit: InMemoryAuditTrail
    notices: InMemoryNotices
    work: InMemoryWorkIntake
