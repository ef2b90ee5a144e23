"""Whether a report may have been handed over by an attempt that never learned of it."""

from collections.abc import Sequence

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.job_events import JobBegunAgain, JobTaken
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord, TimelineEntry

__all__ = ["may_have_handed_over", "may_have_sent", "was_begun_before"]

_OF_A_PERIOD = tuple(job for job in JobKind if job.is_of_a_period)
_NOT_CONFIRMED = frozenset(RunState) - {RunState.SUCCEEDED}
# Of each kind; more attempts at one period than there are.
_RUNS_MAX = 100
_BEGUN = frozenset({JobTaken.name, JobBegunAgain.name})
# Whoever ended in another way knew what the Backend had, or had nothing to hand over.
_MAY_HAVE_SENT = frozenset({None, Outcome.UNAVAILABLE, Outcome.DEFECT})


def was_begun_before(record: RunRecord, timeline: Sequence[TimelineEntry]) -> bool:
    """Say whether a run was begun before its present attempt, or before this was begun again."""
    return record.attempt > 1 or sum(entry.name in _BEGUN for entry in timeline) > 1


def may_have_sent(record: RunRecord) -> bool:
    """Say whether a run that is not confirmed may have handed its report over all the same."""
    was_begun = record.started_at is not None and record.state is not RunState.SUCCEEDED
    return was_begun and record.outcome in _MAY_HAVE_SENT


def may_have_handed_over(turn: Turn, key: CloseKey, run_id: str) -> bool:
    """Say whether an earlier attempt of a run, or another run, may have handed a report over.

    A close by hand is no run before it has ended: one that was killed has left nothing.
    """
    return any(
        was_begun_before(record, turn.timeline.of(run_id))
        if record.id == run_id
        else may_have_sent(record)
        for job in _OF_A_PERIOD
        for record in turn.runs.search(
            RunFilter(key=key, job=job, states=_NOT_CONFIRMED), _RUNS_MAX
        )
    )
