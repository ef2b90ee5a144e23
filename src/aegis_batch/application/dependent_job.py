"""Lets a job wait for those that it depends on."""

from datetime import timedelta

from aegis_batch.application.job_dependencies import KeptBack, what_keeps_back
from aegis_batch.application.jobs import Ended, Job
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.domain.job import job_id_of
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["DependentJob"]

_LOOK_AGAIN = timedelta(seconds=5)
# Whoever starts one by hand wants it now.
_WAITING_TRIGGERS = frozenset({Trigger.SCHEDULE, Trigger.EVENT})


class DependentJob:
    """Does a job once what it depends on has ended well; where that has failed, it is cancelled."""

    def __init__(self, job: Job, ledger: Ledger, clock: Clock) -> None:
        """Take the job, and what knows how others have ended."""
        self._job = job
        self._ledger = ledger
        self._clock = clock

    def do(self, record: RunRecord) -> Ended:
        """Do it, or put it back; see ``Job``."""
        kept_back = self._kept_back(record)
        if kept_back is None:
            return self._job.do(record)
        if kept_back.is_final:
            return Ended(None, 0.0, cancelled_because=kept_back.why)
        problem = Problem(
            code="waits_for_dependency",
            message=f"It waits: {kept_back.why}.",
            remedy="Nothing needs to be done.",
            retryable=True,
        )
        put_back_until = self._clock.now() + _LOOK_AGAIN
        return Ended(Outcome.UNAVAILABLE, 0.0, problem, put_back_until=put_back_until)

    def _kept_back(self, record: RunRecord) -> KeptBack | None:
        job_id = job_id_of(record.schedule)
        if job_id is None or record.trigger not in _WAITING_TRIGGERS:
            return None
        with self._ledger.look() as turn:
            found, tenant = turn.job_definitions.get(job_id), record.key.tenant
            return None if found is None else what_keeps_back(turn, found, tenant)
