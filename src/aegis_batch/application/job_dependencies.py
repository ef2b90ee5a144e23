"""Whether the jobs that a job depends on have come to a good end."""

from dataclasses import dataclass

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.job import JobDefinition, schedule_name_of
from aegis_batch.domain.run import RunState

__all__ = ["KeptBack", "what_keeps_back"]


@dataclass(frozen=True, slots=True)
class KeptBack:
    """Why a job may not run; where that is not final, it may once the other one has ended."""

    why: str
    is_final: bool


def what_keeps_back(turn: Turn, definition: JobDefinition) -> KeptBack | None:
    """Return what keeps a job back: a dependency whose newest run has not succeeded.

    What has failed comes before what has not ended.
    """
    going: KeptBack | None = None
    for job_id in definition.depends_on:
        other = turn.job_definitions.get(job_id)
        name = job_id if other is None else other.name
        newest = turn.runs.search(RunFilter(schedule=schedule_name_of(job_id)), 1)
        if not newest:
            return KeptBack(f"{name}, which it depends on, has never run", is_final=True)
        state = newest[0].state
        if state is RunState.SUCCEEDED:
            continue
        if state.is_final:
            return KeptBack(f"{name}, which it depends on, ended {state}", is_final=True)
        going = going or KeptBack(
            f"{name}, which it depends on, has not ended: it is {state}", is_final=False
        )
    return going
