"""Whether the jobs that a job depends on have come to a good end."""

from dataclasses import dataclass, replace

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.job import JobDefinition, schedule_name_of
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.tenant import EVERYONE

__all__ = ["KeptBack", "what_keeps_back"]


@dataclass(frozen=True, slots=True)
class KeptBack:
    """Why a job may not run; where that is not final, it may once the other one has ended."""

    why: str
    is_final: bool


def what_keeps_back(turn: Turn, definition: JobDefinition, tenant: str) -> KeptBack | None:
    """Return what keeps a job back: a dependency whose newest run has not succeeded.

    Only runs of the tenant count whose the job's run is, and those that are everyone's. What has
    failed comes before what has not ended.
    """
    going: KeptBack | None = None
    for job_id in definition.depends_on:
        other = turn.job_definitions.get(job_id)
        name = job_id if other is None else other.name
        newest = _newest(turn, job_id, tenant)
        if newest is None:
            return KeptBack(f"{name}, which it depends on, has never run", is_final=True)
        state = newest.state
        if state is RunState.SUCCEEDED:
            continue
        if state.is_final:
            return KeptBack(f"{name}, which it depends on, ended {state}", is_final=True)
        going = going or KeptBack(
            f"{name}, which it depends on, has not ended: it is {state}", is_final=False
        )
    return going


def _newest(turn: Turn, job_id: str, tenant: str) -> RunRecord | None:
    """Return the newest run of a job that is a tenant's, or everyone's."""
    wanted = RunFilter(schedule=schedule_name_of(job_id))
    found = [
        record
        for whose in dict.fromkeys((tenant, EVERYONE))
        for record in turn.runs.search(replace(wanted, tenant=whose), 1)
    ]
    return max(found, key=lambda record: (record.enqueued_at, record.id), default=None)
