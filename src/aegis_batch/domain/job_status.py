"""How a run stands, in the words of ``execucoes_job`` (``spec/2``)."""

from enum import StrEnum

from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["FAILURES", "TIMED_OUT", "JobStatus"]

# The code of the problem of an attempt that took too long.
TIMED_OUT = "service_timed_out"


class JobStatus(StrEnum):
    """Where an execution stands; ``CANCELLED`` is added to those of the specification."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"
    CANCELLED = "CANCELLED"

    @property
    def states(self) -> frozenset[RunState]:
        """The states of runs that stand so; ``FAILED`` and ``TIMEOUT`` share theirs."""
        return frozenset(state for state, status in _STATUSES.items() if status is self._plain)

    @property
    def timed_out(self) -> bool | None:
        """Whether such a run has timed out, where that tells it from others of its state."""
        return self is JobStatus.TIMEOUT if self in FAILURES else None

    @property
    def _plain(self) -> "JobStatus":
        return JobStatus.FAILED if self is JobStatus.TIMEOUT else self

    @classmethod
    def of(cls, record: RunRecord) -> "JobStatus":
        """Return how a run stands."""
        status = _STATUSES[record.state]
        has_timed_out = record.problem is not None and record.problem.code == TIMED_OUT
        return cls.TIMEOUT if status is cls.FAILED and has_timed_out else status


FAILURES = frozenset({JobStatus.FAILED, JobStatus.TIMEOUT})
_STATUSES = {
    RunState.HELD: JobStatus.PENDING,
    RunState.QUEUED: JobStatus.PENDING,
    RunState.WAITING: JobStatus.PENDING,
    RunState.RUNNING: JobStatus.RUNNING,
    RunState.SUCCEEDED: JobStatus.SUCCESS,
    RunState.FAILED: JobStatus.FAILED,
    RunState.CANCELLED: JobStatus.CANCELLED,
}
